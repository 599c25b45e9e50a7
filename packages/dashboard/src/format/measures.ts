/** How the page writes temperatures. The API speaks °C. */
export type Unit = 'C' | 'F';

export function inUnit(celsius: number, unit: Unit): number {
  return unit === 'C' ? celsius : celsius * 1.8 + 32;
}

/** A difference of temperatures, such as a standard deviation. */
export function differenceInUnit(kelvin: number, unit: Unit): number {
  return unit === 'C' ? kelvin : kelvin * 1.8;
}

export function fromUnit(value: number, unit: Unit): number {
  return unit === 'C' ? value : (value - 32) / 1.8;
}

const formats = new Map<string, Intl.NumberFormat>();

/** A number with just so many digits behind its point; `–` for none. */
export function fixed(value: number | null | undefined, digits: number, locale: string): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const key = `${locale} ${digits}`;
  let format = formats.get(key);
  if (format === undefined) {
    format = new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
    formats.set(key, format);
  }
  // −0.04 is written 0.0.
  return format.format(Number(value.toFixed(digits)) + 0);
}

/** A share of 0 to 1 in per cent. Only all is 100 %, and only nothing is 0 %. */
export function percent(share: number | null | undefined, locale: string): string {
  if (share === null || share === undefined) return '–';
  const digits = share > 0.99 && share < 1 ? 1 : 0;
  const nearest = Number((share * 100).toFixed(digits));
  const shown = share < 1 ? Math.min(nearest, digits === 1 ? 99.9 : 99) : nearest;
  return `${fixed(share > 0 ? Math.max(shown, 1) : 0, digits, locale)} %`;
}
