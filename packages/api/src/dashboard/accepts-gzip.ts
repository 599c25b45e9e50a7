/** Whether an Accept-Encoding lets an answer be sent with gzip (RFC 9110 §12.5.3). */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  const codings = (acceptEncoding ?? '').split(',').map((part) => {
    const [coding = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    const q = parameters.find((parameter) => parameter.startsWith('q='));
    return { coding, q: q === undefined ? 1 : Number(q.slice(2)) };
  });
  const named =
    codings.find(({ coding }) => coding === 'gzip') ?? codings.find(({ coding }) => coding === '*');
  return named !== undefined && named.q > 0;
}
