import type { BucketStore } from '@humtemp/bucket-core';
import { LAB_PREFIX_PATTERN } from '@humtemp/bucket-core';
import { Type } from '@sinclair/typebox';
import { requireLab } from '../access/access-guard.js';
import type { Scope } from '../access/scope.js';
import { visibleLabs } from '../labs/visible-labs.js';
import { badParameter } from '../query/read-query.js';
import type { LabDirectory } from './lab-directory.js';

export const LABS_NAMED_MAX = 1000;
/** Labs of one page: how many are read and written at a time. */
const PAGE_LABS = 200;

const LABS_EXPECTED = `up to ${LABS_NAMED_MAX} lab ids, separated by commas; not together with prefix or group`;
const id = LAB_PREFIX_PATTERN.slice(1, -1);

/** Query parameters that say which labs an answer is about. */
export const SelectionParameters = {
  labs: Type.Optional(
    Type.String({ pattern: `^${id}(,${id})*$`, description: LABS_EXPECTED, examples: ['library-20,hall'] }),
  ),
  prefix: Type.Optional(
    Type.String({
      pattern: LAB_PREFIX_PATTERN,
      description: 'how the ids of the labs begin',
      examples: ['floor-2/'],
    }),
  ),
  group: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 100,
      description: 'the group of the labs, as the labs file has it',
    }),
  ),
};

export interface SelectionQuery {
  readonly labs?: string;
  readonly prefix?: string;
  readonly group?: string;
}

/** What labs are looked for in. */
export interface SelectionSource {
  readonly store: Pick<BucketStore, 'labs'>;
  readonly scope: Scope;
  readonly directory: LabDirectory;
  readonly nowMs: number;
  /** Labs behind this one only. */
  readonly after?: string;
  /** Labs of one page. */
  readonly pageLabs?: number;
}

/**
 * The labs that a query means, by pages in the order of their ids: those that are named, heard of or not; or all that
 * are known, or listed in the labs file, with the prefix and the group.
 * @throws ProblemError for labs named together with a prefix or group, for too many, and for one beyond the scope.
 */
export function selectedLabs(
  query: SelectionQuery,
  source: SelectionSource,
): AsyncGenerator<readonly string[]> {
  const { group } = query;
  if (group !== undefined && !source.directory.groups.has(group))
    throw badParameter('group', 'one of the groups of the labs file');
  if (query.labs === undefined) return matchingLabs(query, source);
  if (query.prefix !== undefined || query.group !== undefined) throw badParameter('labs', LABS_EXPECTED);
  const named = [...new Set(query.labs.split(','))].sort();
  if (named.length > LABS_NAMED_MAX) throw badParameter('labs', LABS_EXPECTED);
  for (const lab of named) requireLab(source.scope, lab);
  const { after = '', pageLabs = PAGE_LABS } = source;
  return pagesOf(
    named.filter((lab) => lab > after),
    pageLabs,
  );
}

async function* pagesOf(labs: readonly string[], pageLabs: number): AsyncGenerator<readonly string[]> {
  for (let i = 0; i < labs.length; i += pageLabs) yield labs.slice(i, i + pageLabs);
}

async function* matchingLabs(
  { prefix = '', group }: SelectionQuery,
  { store, scope, directory, nowMs, after: first = '', pageLabs = PAGE_LABS }: SelectionSource,
): AsyncGenerator<readonly string[]> {
  const { listed } = directory;
  const isMeant = (lab: string) =>
    scope.allows(lab) && (group === undefined || directory.of(lab).group === group);
  let next = firstBehind(listed, first, prefix);
  /** Listed labs up to the last one that is known so far: no more of them than are asked for are looked at. */
  function* listedUntil(end: string | undefined): Generator<string> {
    for (; next < listed.length; next++) {
      const lab = listed[next]!;
      if (!lab.startsWith(prefix) || (end !== undefined && lab > end)) return;
      yield lab;
    }
  }
  let page: string[] = [];
  for (let after: string | undefined = first; after !== undefined; ) {
    const known: readonly string[] = await visibleLabs(store, scope, prefix, after, pageLabs, nowMs);
    after = known.length < pageLabs ? undefined : known.at(-1);
    for (const lab of inOrder(known, listedUntil(after))) {
      if (!isMeant(lab)) continue;
      page.push(lab);
      if (page.length < pageLabs) continue;
      yield page;
      page = [];
    }
  }
  if (page.length > 0) yield page;
}

/** Where the labs begin that come behind `first` and may have the prefix. */
function firstBehind(listed: readonly string[], first: string, prefix: string): number {
  let from = 0;
  for (let to = listed.length; from < to; ) {
    const middle = (from + to) >>> 1;
    if (listed[middle]! > first && listed[middle]! >= prefix) to = middle;
    else from = middle + 1;
  }
  return from;
}

/** Two orders in one, each text once. */
function* inOrder(some: readonly string[], others: Generator<string>): Generator<string> {
  let other = others.next();
  for (const one of some) {
    for (; !other.done && other.value < one; other = others.next()) yield other.value;
    if (!other.done && other.value === one) other = others.next();
    yield one;
  }
  for (; !other.done; other = others.next()) yield other.value;
}
