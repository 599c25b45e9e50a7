import { type Path, parsePath } from '../language/path.js';
import { firstAt, type Place } from './walk.js';

/** A text out of a payload: a path, a text with paths in braces, or a fixed text. */
export interface TextPlace {
  readonly text: string;
  /** Fixed texts and paths by turns. */
  readonly pieces: readonly (string | Path)[];
}

/** @throws RangeError that says what was expected. */
export function parseTextPlace(description: string | { readonly text: string }): TextPlace {
  if (typeof description !== 'string') return { text: description.text, pieces: [description.text] };
  if (!description.includes('{')) return { text: description, pieces: [parsePath(description)] };
  const pieces: (string | Path)[] = [];
  for (const [piece] of description.matchAll(/\{[^{}]*\}|[^{}]+|[{}]/g)) {
    if (piece === '{' || piece === '}')
      throw new RangeError(`"${description}": a path stands between two braces, such as "{model}-{channel}"`);
    pieces.push(piece.startsWith('{') ? parsePath(piece.slice(1, -1)) : piece);
  }
  return { text: description, pieces };
}

/** The text of the first place of which everything is there; undefined if there is none. */
export function textAt(
  places: readonly TextPlace[],
  element: unknown,
  document: unknown,
  found?: (place: Place) => void,
): string | undefined {
  for (const { pieces } of places) {
    let text = '';
    let isWhole = true;
    for (const piece of pieces) {
      const part =
        typeof piece === 'string'
          ? piece
          : scalarText(firstAt(piece.fromDocument ? document : element, piece.steps, 0, found));
      if (part === undefined) {
        isWhole = false;
        break;
      }
      text += part;
    }
    if (isWhole && text !== '') return text;
  }
  return undefined;
}

function scalarText(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
