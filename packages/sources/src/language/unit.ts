/** A unit of temperature. */
export type Unit = 'C' | 'F' | 'K';

/** The unit that a text means, or undefined: a unit is never guessed. */
export function unitOf(text: unknown): Unit | undefined {
  if (typeof text !== 'string') return undefined;
  return UNITS.get(text.trim().toLowerCase());
}

const UNITS = new Map<string, Unit>([
  ...['c', '°c', 'cel', 'celsius', 'degc', 'degree_celsius', 'degrees celsius'].map(
    (text) => [text, 'C'] as const,
  ),
  ...['f', '°f', 'fahrenheit', 'degf', 'degree_fahrenheit', 'degrees fahrenheit'].map(
    (text) => [text, 'F'] as const,
  ),
  ...['k', 'kelvin'].map((text) => [text, 'K'] as const),
]);

/** Degrees Celsius of a temperature, not rounded. */
export function toCelsius(value: number, unit: Unit): number {
  if (unit === 'C') return value;
  // In thousandths first, so that a decimal of three digits gives the nearest thousandth.
  if (unit === 'K') return (Math.round(value * 1000) - 273_150) / 1000;
  return ((value - 32) * 5) / 9;
}
