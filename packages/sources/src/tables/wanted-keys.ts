import { captured } from '../language/name-pattern.js';
import type { Path, PathStep } from '../language/path.js';
import type { Table } from './table.js';

/**
 * Which members of a payload a table may read, by their keys. Undefined: it reads further than the members of
 * the payload itself.
 */
export function wantedKeys({ parts }: Table): ((key: string) => boolean) | undefined {
  if (parts.root !== undefined || parts.each.length > 0) return undefined;
  const paths: Path[] = [
    ...[...parts.temp.finders, ...parts.humidity.finders, ...parts.needs, ...parts.unless].map(
      ({ path }) => path,
    ),
    ...(parts.unit.finder === undefined ? [] : [parts.unit.finder.path]),
    ...(parts.time?.paths ?? []),
    ...[...parts.lab, ...parts.sensor].flatMap(({ pieces }) =>
      pieces.filter((piece) => typeof piece !== 'string'),
    ),
  ];
  const firsts = paths.map(({ steps }) => steps[0]);
  if (!firsts.every((step) => step?.kind === 'member' || step?.kind === 'members')) return undefined;
  return (key) => firsts.some((step) => isFor(step!, key));
}

function isFor(step: PathStep, key: string): boolean {
  if (step.kind === 'member') return step.key === key;
  return step.kind === 'members' && captured(step.pattern, key) !== undefined;
}
