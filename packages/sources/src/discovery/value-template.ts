/**
 * Where a template of Home Assistant takes a value from: a path of ours into the JSON; `bare`: the payload is the value;
 * undefined: it does something else. Of Jinja it knows what discovery messages are made of:
 *
 *     {{ value }}   {{ value_json.a.b }}   {{ value_json['a b'][0] }}   with | float, | round(1), | int, | is_defined
 *
 * Rounding is left out: what a device sends is counted as it is.
 */
export function placeOfTemplate(template: string | undefined): string | 'bare' | undefined {
  if (template === undefined || template.trim() === '') return 'bare';
  const [, start, steps] = TEMPLATE.exec(template) ?? [];
  if (start === 'value') return steps === '' ? 'bare' : undefined;
  if (steps === undefined || steps === '') return undefined;
  const path: string[] = [];
  for (const [, key, single, double, index] of steps.matchAll(STEP)) {
    const name = key ?? single ?? double;
    if (name === undefined) path.push(`[${index}]`);
    else path.push(`${path.length === 0 ? '' : '.'}"${name.replace(/["\\]/g, '\\$&')}"`);
  }
  return path.join('');
}

const STEPS = String.raw`(?:\.\w+|\['[^'\\]*'\]|\["[^"\\]*"\]|\[\d{1,6}\])*`;
const FILTERS = String.raw`(?:\s*\|\s*(?:float|round|int|is_defined)(?:\(\s*-?[\d.]*\s*\))?)*`;
const TEMPLATE = new RegExp(String.raw`^\s*\{\{-?\s*(value|value_json)(${STEPS})${FILTERS}\s*-?\}\}\s*$`);
const STEP = /\.(\w+)|\['([^'\\]*)'\]|\["([^"\\]*)"\]|\[(\d+)\]/g;
