import { type Document, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import { compileSource, type Presets } from './compile-source.js';
import { type Mistake, reportMistakes } from './language/mistakes.js';
import { type SourceDescription, SourcesFile } from './language/table-schema.js';
import type { Source } from './source.js';

/** Characters of a file of sources, some 4,000 of them: it is read in one go, in less than half a second. */
const FILE_LENGTH_MAX = 500_000;
/** Mistakes that are listed. */
const MISTAKES_MAX = 50;
/** Mistakes that are looked for in the text: each search goes through all keys beside it. */
const PLACED_MAX = 4 * MISTAKES_MAX;

/**
 * What is wrong with a text of sources: one line for each mistake, `line:column: what, and what was
 * expected`.
 */
export class SourcesError extends Error {
  override readonly name = 'SourcesError';

  constructor(
    readonly file: string,
    readonly mistakes: readonly string[],
  ) {
    super(`${file}:\n${mistakes.map((mistake) => `  ${mistake}`).join('\n')}`);
  }
}

export interface ReadSourcesOptions {
  readonly presets?: Presets;
}

/**
 * The sources of a YAML text, compiled.
 * @param file its name, for the message. @throws SourcesError with every mistake.
 */
export function readSources(text: string, file: string, options: ReadSourcesOptions = {}): Source[] {
  const { presets = new Map() } = options;
  const parsed = parse(text, file);
  const sources = [...parsed.descriptions].flatMap(
    ([name, description]) =>
      compileSource(name, description, presets, (at, message) =>
        parsed.mistakes.push({ at: ['sources', name, ...at], message }),
      ) ?? [],
  );
  refuseMistakes(file, parsed);
  return sources;
}

/**
 * The descriptions in a YAML text, each of the right form. @throws SourcesError with every mistake of form.
 */
export function readDescriptions(text: string, file: string): Presets {
  const parsed = parse(text, file);
  refuseMistakes(file, parsed);
  return parsed.descriptions;
}

interface ParsedText {
  /** Those of the right form. */
  readonly descriptions: ReadonlyMap<string, SourceDescription>;
  readonly mistakes: Mistake[];
  /** Where a mistake is: the offset of its node in the text. */
  readonly offsetOf: (mistake: Mistake) => number;
  /** Line and column of an offset. */
  readonly placeAt: (offset: number) => string;
}

function refuseMistakes(file: string, { mistakes, offsetOf, placeAt }: ParsedText): void {
  if (mistakes.length === 0) return;
  const inOrder = mistakes.slice(0, PLACED_MAX).map((mistake) => ({ ...mistake, offset: offsetOf(mistake) }));
  inOrder.sort((one, other) => one.offset - other.offset);
  const lines = inOrder.map(({ at, message, offset }) => {
    const key = at.length === 0 ? '' : `${at.join('.')}: `;
    return `${placeAt(offset)}: ${key}${message}`;
  });
  throw new SourcesError(file, lines.slice(0, MISTAKES_MAX));
}

function parse(text: string, file: string): ParsedText {
  if (text.length > FILE_LENGTH_MAX)
    throw new SourcesError(file, [
      `longer than ${FILE_LENGTH_MAX} characters: sources that differ in the topic alone can be one, with wildcards`,
    ]);
  const lines = new LineCounter();
  // The library compares each key with all others: see repeatedKeyAt.
  const reading = { lineCounter: lines, prettyErrors: false, stringKeys: true, uniqueKeys: false };
  const document = parseDocument(text, reading);
  const placeAt = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };
  // The others mostly follow from the first.
  const [error] = document.errors;
  if (error !== undefined)
    throw new SourcesError(file, [`${placeAt(error.pos[0])}: ${error.message}${hintAt(text, error.pos[0])}`]);
  const repeated = repeatedKeyAt(document);
  if (repeated !== undefined) throw new SourcesError(file, [`${placeAt(repeated)}: Map keys must be unique`]);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
    // Fails for an alias of what it stands in itself.
    JSON.stringify(value);
  } catch (cause) {
    throw new SourcesError(file, [`1:1: ${(cause as Error).message.split('\n', 1)[0]}`]);
  }
  const mistakes: Mistake[] = [];
  reportMistakes(SourcesFile, value, [], (at, message) => mistakes.push({ at, message }));
  const wrong = new Set(mistakes.map(({ at }) => at[1]));
  const isWrongAtAll = mistakes.some(({ at }) => at.length < 2);
  const sources = isWrongAtAll ? {} : (value as SourcesFile).sources;
  return {
    descriptions: new Map(Object.entries(sources).filter(([name]) => !wrong.has(name))),
    mistakes,
    offsetOf: ({ at }) => {
      for (let depth = at.length; depth > 0; depth--) {
        const node = document.getIn(at.slice(0, depth), true) as
          | { range?: [number, number, number] }
          | undefined;
        if (node?.range !== undefined) return node.range[0];
      }
      return 0;
    },
    placeAt,
  };
}

/** The offset of the first key that is in its map already. In time that grows with the text only. */
function repeatedKeyAt(document: Document): number | undefined {
  let found: number | undefined;
  visit(document, {
    Map: (_, { items }) => {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) {
          found = key.range?.[0] ?? 0;
          return visit.BREAK;
        }
        seen.add(key.value);
      }
      return undefined;
    },
  });
  return found;
}

/** Flow braces are what a topic such as {lab}/status looks like to YAML. */
function hintAt(text: string, offset: number): string {
  const line = text.slice(text.lastIndexOf('\n', Math.max(0, offset - 1)) + 1).split('\n', 1)[0] ?? '';
  return /[:-]\s*[{[*]/.test(line) ? '; a text that starts with { [ or * stands in quotes' : '';
}
