export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
}

/**
 * The promise's value, if it comes in time.
 * @throws DeadlineExceeded when it does not; the promise is then left to itself, and its late failure is ignored.
 */
export async function within<T>(timeoutMs: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    const exceed = () => reject(new DeadlineExceeded(`no answer within ${timeoutMs} ms`));
    timer = setTimeout(exceed, timeoutMs);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
