/** A closed interval: both ends are within. An end that is absent is open. */
export interface Limits {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

export interface LabLimits {
  readonly temp: Limits;
  readonly humidity: Limits;
}

export const NO_LIMITS: LabLimits = { temp: {}, humidity: {} };

/** Limits as a URL has them, `20..24`, `..60` or `18..`; undefined for any other text. */
export function parseLimits(text: string | undefined): Limits | undefined {
  const [, from, to] = /^(-?\d{1,4}(?:\.\d{1,3})?)?\.\.(-?\d{1,4}(?:\.\d{1,3})?)?$/.exec(text ?? '') ?? [];
  if (from === undefined && to === undefined) return undefined;
  const limits = { min: numberOf(from), max: numberOf(to) };
  return limits.min !== undefined && limits.max !== undefined && limits.min > limits.max ? undefined : limits;
}

/** As `parseLimits` reads them; undefined where both ends are open. */
export function limitsText({ min, max }: Limits): string | undefined {
  return min === undefined && max === undefined ? undefined : `${min ?? ''}..${max ?? ''}`;
}

export function hasLimits({ min, max }: Limits): boolean {
  return min !== undefined || max !== undefined;
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
