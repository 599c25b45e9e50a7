import { LineCounter, parseDocument } from 'yaml';
import { compileSource, type Presets } from './compile-source.js';
import { type Mistake, reportMistakes } from './language/mistakes.js';
import { type SourceDescription, SourcesFile } from './language/table-schema.js';
import type { Source } from './source.js';

/** Bytes of a file of sources. */
const FILE_LENGTH_MAX = 4_000_000;
/** Mistakes that are listed. */
const MISTAKES_MAX = 50;

/** What is wrong with a text of sources: one line for each mistake, `line:column: what, and what was expected`. */
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
  const { descriptions, place } = readDescriptions(text, file);
  const { presets = new Map() } = options;
  const mistakes: Mistake[] = [];
  const sources = [...descriptions].flatMap(
    ([name, description]) =>
      compileSource(name, description, presets, (at, message) =>
        mistakes.push({ at: ['sources', name, ...at], message }),
      ) ?? [],
  );
  if (mistakes.length > 0) throw new SourcesError(file, mistakes.map(place).slice(0, MISTAKES_MAX));
  return sources;
}

/** The descriptions in a YAML text, of the right form, and what finds the line of a mistake in them. */
export function readDescriptions(text: string, file: string) {
  if (text.length > FILE_LENGTH_MAX)
    throw new SourcesError(file, [`longer than ${FILE_LENGTH_MAX} characters`]);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const placeAt = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${line}:${col}`;
  };
  if (document.errors.length > 0)
    throw new SourcesError(
      file,
      document.errors.map(({ pos, message }) => `${placeAt(pos[0])}: ${message}${hintAt(text, pos[0])}`),
    );
  const place = ({ at, message }: Mistake): string => {
    for (let depth = at.length; depth > 0; depth--) {
      const node = document.getIn(at.slice(0, depth), true) as
        | { range?: [number, number, number] }
        | undefined;
      if (node?.range !== undefined)
        return `${placeAt(node.range[0])}: ${at.slice(0, depth).join('.')}: ${message}`;
    }
    return `1:1: ${message}`;
  };
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new SourcesError(file, [`1:1: ${(error as Error).message}`]);
  }
  const mistakes: Mistake[] = [];
  reportMistakes(SourcesFile, value, [], (at, message) => mistakes.push({ at, message }));
  if (mistakes.length > 0) throw new SourcesError(file, mistakes.map(place).slice(0, MISTAKES_MAX));
  const { sources } = value as SourcesFile;
  return { descriptions: new Map<string, SourceDescription>(Object.entries(sources)), place };
}

/** Flow braces are what a topic such as {lab}/status looks like to YAML. */
function hintAt(text: string, offset: number): string {
  const line = text.slice(text.lastIndexOf('\n', Math.max(0, offset - 1)) + 1).split('\n', 1)[0] ?? '';
  return /[:-]\s*[{[*]/.test(line) ? '; a text that starts with { [ or * stands in quotes' : '';
}
