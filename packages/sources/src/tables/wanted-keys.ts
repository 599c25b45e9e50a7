import { captured } from '../language/name-pattern.js';
import type { Path, PathStep } from '../language/path.js';
import type { Table } from './table.js';

/** Which members of a payload a table may read, by their keys. */
export interface WantedKeys {
  wants(key: string): boolean;
  /** Whether it wants the member for nothing but its date and time. */
  wantsTimeOnly(key: string): boolean;
}

/** Undefined: the table reads further than the members of the payload itself. */
export function wantedKeys({ parts }: Table): WantedKeys | undefined {
  if (parts.root !== undefined || parts.each.length > 0) return undefined;
  const others: Path[] = [
    ...[...parts.temp.finders, ...parts.humidity.finders, ...parts.needs, ...parts.unless].map(
      ({ path }) => path,
    ),
    ...(parts.unit.finder === undefined ? [] : [parts.unit.finder.path]),
    ...[...parts.lab, ...parts.sensor].flatMap(({ pieces }) =>
      pieces.filter((piece) => typeof piece !== 'string'),
    ),
  ];
  const times = parts.time?.paths ?? [];
  const firsts = (paths: readonly Path[]) => paths.map(({ steps }) => steps[0]!);
  if (
    ![...others, ...times].every(
      ({ steps: [first] }) => first?.kind === 'member' || first?.kind === 'members',
    )
  )
    return undefined;
  const [forOthers, forTimes] = [firsts(others), firsts(times)];
  const isAny = (steps: readonly PathStep[], key: string) => steps.some((step) => isFor(step, key));
  const readsIsoTimes = parts.time?.readsIsoTimes === true;
  return {
    wants: (key) => isAny(forOthers, key) || isAny(forTimes, key),
    wantsTimeOnly: (key) => readsIsoTimes && isAny(forTimes, key) && !isAny(forOthers, key),
  };
}

function isFor(step: PathStep, key: string): boolean {
  if (step.kind === 'member') return step.key === key;
  return step.kind === 'members' && captured(step.pattern, key) !== undefined;
}
