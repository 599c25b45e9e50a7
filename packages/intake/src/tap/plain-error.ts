/** An error for the other side's fault. It has no stack: of thousands of connections, that would cost more than to end them. */
export function plainError(message: string): Error {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const error = new Error(message);
  Error.stackTraceLimit = stackTraceLimit;
  return error;
}
