/**
 * What a key of a payload, or a level of a topic, must look like: text with at most one place to capture.
 *
 *     temperature          exactly this
 *     temperature_{sensor} any ending, which is the sensor
 *     temp{sensor:#}       digits only
 *     {sensor:!ESP32|CPU}  anything but these
 *     *  or  {_}           anything
 */
export interface NamePattern {
  readonly text: string;
  readonly before: string;
  readonly after: string;
  /** Undefined: a name without a capture. */
  readonly capture: Capture | undefined;
}

export interface Capture {
  readonly as: CaptureName;
  /** What may be captured; undefined: anything. `#` stands for one or more digits. */
  readonly only: readonly RegExp[] | undefined;
  readonly except: readonly RegExp[] | undefined;
}

export type CaptureName = 'lab' | 'sensor' | 'metric' | '_';

const CAPTURE = /^(.*?)\{(lab|sensor|metric|_)(?::(!?)([^{}]+))?\}(.*)$/s;

/** @throws RangeError that says what was expected. */
export function parseNamePattern(text: string, allowed: readonly CaptureName[]): NamePattern {
  if (text === '*') return parseNamePattern('{_}', ['_']);
  const match = CAPTURE.exec(text);
  if (match === null) {
    if (/[{}]/.test(text))
      throw new RangeError(`"${text}": a place to capture is written ${listOf(allowed)}, once in a name`);
    return { text, before: text, after: '', capture: undefined };
  }
  const [, before = '', as, not, choices, after = ''] = match;
  if (/[{}]/.test(after)) throw new RangeError(`"${text}": one place to capture in a name, not two`);
  if (!allowed.includes(as as CaptureName))
    throw new RangeError(`"${text}": ${listOf(allowed)} may stand here, not {${as}}`);
  const expressions = choices?.split('|').map(expressionOf);
  return {
    text,
    before,
    after,
    capture: {
      as: as as CaptureName,
      only: not === '!' ? undefined : expressions,
      except: not === '!' ? expressions : undefined,
    },
  };
}

/**
 * What the pattern captures of a name: empty for a pattern without a capture, undefined if it does not fit.
 */
export function captured(pattern: NamePattern, name: string): string | undefined {
  const { before, after, capture } = pattern;
  if (capture === undefined) return name === before ? '' : undefined;
  if (name.length <= before.length + after.length || !name.startsWith(before) || !name.endsWith(after))
    return undefined;
  const text = name.slice(before.length, name.length - after.length);
  if (capture.only !== undefined && !capture.only.some((only) => only.test(text))) return undefined;
  if (capture.except?.some((except) => except.test(text))) return undefined;
  return text;
}

function expressionOf(choice: string): RegExp {
  const literal = choice.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
  return new RegExp(`^${literal.replaceAll('#', '[0-9]+')}$`, 'i');
}

function listOf(names: readonly CaptureName[]): string {
  return names.map((name) => `{${name}}`).join(' or ');
}
