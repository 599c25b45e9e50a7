/**
 * Values are integers, in thousandths of a °C or a %RH, from decoding to the store. Their sums are exact and do
 * not depend on the order in which they were added.
 */

/** Stands for a temperature or humidity that an observation does not have. No valid value reaches it. */
export const ABSENT = -2147483648;

/**
 * The nearest thousandth of a decimal value, as an integer: 21.53 → 21530. A tie between two thousandths is
 * decided on the double that JSON parsing gave, not on the decimal text.
 */
export function toThousandths(value: number): number {
  // Adding 0 turns −0 into 0.
  return Math.round(value * 1000) + 0;
}

/** The decimal value of a quotient of thousandths: one division, so the result is the correctly rounded one. */
export function averageOfThousandths(sum: number, count: number): number {
  return sum / (count * 1000);
}
