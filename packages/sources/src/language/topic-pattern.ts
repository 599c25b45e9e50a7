import { type CaptureName, captured, type NamePattern, parseNamePattern } from './name-pattern.js';

/** A topic with places to capture: `zigbee2mqtt/{lab...}`, `home/{_}/sensor/{sensor}_{metric}/state`. */
export interface TopicPattern {
  readonly text: string;
  /** The MQTT filter that matches at least the topics of the pattern. */
  readonly filter: string;
  readonly levels: readonly TopicLevel[];
}

type TopicLevel =
  | { readonly kind: 'one'; readonly patterns: readonly NamePattern[] }
  | { readonly kind: 'several'; readonly as: CaptureName };

/** What a topic says by its levels. */
export interface TopicCaptures {
  lab: string;
  sensor: string;
  metric: string;
}

const SEVERAL = /^\{(lab|sensor|_)\.\.\.\}$/;
const CAPTURES = ['lab', 'sensor', 'metric', '_'] as const;

/** @throws RangeError that says what was expected. */
export function parseTopicPattern(text: string): TopicPattern {
  if (text === '') throw new RangeError('a topic such as labs/{lab}/observation');
  if (/[+#]/.test(text.replaceAll(/\{[^}]*\}/g, '')))
    throw new RangeError(
      `"${text}": {lab}, {sensor}, {metric} or {_} in the place of +, {lab...} in the place of #`,
    );
  if (Buffer.byteLength(text) > 1000) throw new RangeError('a topic of at most 1,000 bytes');
  const levels = text.split('/').map(parseLevel);
  if (levels.filter(({ kind }) => kind === 'several').length > 1)
    throw new RangeError(`"${text}": one place for several levels, such as {lab...}, not two`);
  return { text, levels, filter: filterOf(levels) };
}

/** A level with several captures is not searched beyond this many characters. */
const LEVEL_LENGTH_MAX = 200;

/** What the levels of a topic say, or undefined if it does not match. */
export function matchTopic(pattern: TopicPattern, topic: string): TopicCaptures | undefined {
  // A wildcard at the first level does not match the topics of the broker itself [MQTT-4.7.2-1].
  if (topic.startsWith('$') && !pattern.text.startsWith('$')) return undefined;
  const parts = topic.split('/');
  const { levels } = pattern;
  const several = levels.findIndex(({ kind }) => kind === 'several');
  const surplus = parts.length - levels.length;
  // Several levels are at least one.
  if (several === -1 ? surplus !== 0 : surplus < 0) return undefined;
  const captures: TopicCaptures = { lab: '', sensor: '', metric: '' };
  for (let i = 0, at = 0; i < levels.length; i++) {
    const level = levels[i]!;
    if (level.kind === 'several') {
      keep(captures, level.as, parts.slice(at, at + surplus + 1).join('/'));
      at += surplus + 1;
    } else if (!matchLevel(level.patterns, parts[at++]!, captures)) return undefined;
  }
  return captures;
}

/** A level with more than one capture is cut in front of the texts between them. */
function parseLevel(text: string): TopicLevel {
  const several = SEVERAL.exec(text);
  if (several !== null) return { kind: 'several', as: several[1] as CaptureName };
  if (text.includes('...')) throw new RangeError(`"${text}": {lab...} stands alone between two slashes`);
  const pieces = text.match(/[^{}]*\{[^{}]*\}[^{}]*$|[^{}]*\{[^{}]*\}|[^{}]+/g);
  if (pieces === null) return { kind: 'one', patterns: [parseNamePattern(text, CAPTURES)] };
  if (pieces.join('') !== text) throw new RangeError(`"${text}": a brace without its other half`);
  const patterns = pieces.map((piece) => parseNamePattern(piece, CAPTURES));
  if (patterns.some(({ before }, i) => i > 0 && before === ''))
    throw new RangeError(`"${text}": a text between two places to capture`);
  return { kind: 'one', patterns };
}

function matchLevel(patterns: readonly NamePattern[], level: string, captures: TopicCaptures): boolean {
  if (patterns.length === 1) {
    const text = captured(patterns[0]!, level);
    if (text === undefined) return false;
    keep(captures, patterns[0]!.capture?.as, text);
    return true;
  }
  if (level.length > LEVEL_LENGTH_MAX) return false;
  return matchPieces(patterns, 0, level, captures);
}

/** Several captures in one level: tries the longest text for the first, so that the last is the shortest. */
function matchPieces(
  patterns: readonly NamePattern[],
  from: number,
  rest: string,
  captures: TopicCaptures,
): boolean {
  const pattern = patterns[from]!;
  if (from === patterns.length - 1) {
    const text = captured(pattern, rest);
    if (text === undefined) return false;
    keep(captures, pattern.capture?.as, text);
    return true;
  }
  for (let end = rest.length - 1; end > 0; end--) {
    const text = captured(pattern, rest.slice(0, end));
    if (text === undefined || !matchPieces(patterns, from + 1, rest.slice(end), captures)) continue;
    keep(captures, pattern.capture?.as, text);
    return true;
  }
  return false;
}

function keep(captures: TopicCaptures, as: CaptureName | undefined, text: string): void {
  if (as !== undefined && as !== '_') captures[as] = text;
}

function filterOf(levels: readonly TopicLevel[]): string {
  const parts: string[] = [];
  for (const level of levels) {
    if (level.kind === 'several') return [...parts, '#'].join('/');
    const isPlain = level.patterns.every(({ capture }) => capture === undefined);
    parts.push(isPlain ? level.patterns.map(({ text }) => text).join('') : '+');
  }
  return parts.join('/');
}
