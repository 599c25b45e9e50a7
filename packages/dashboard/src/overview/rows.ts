import { computed } from '@preact/signals';
import { CONDITIONS, type Condition, conditionsOf, TROUBLE } from '../lab/condition.js';
import type { Lab } from '../lab/lab.js';
import { labs, now } from '../live/live-labs.js';
import { parameter } from '../shell/place.js';
import { compareGroups, NameOrder } from './name-order.js';

/** Ids of labs below a heading; an empty one where labs are not grouped. */
export interface Section {
  readonly title: string;
  readonly ids: readonly string[];
}

export const ORDERS = ['trouble', 'name', 'temp', 'humidity'] as const;
export type Order = (typeof ORDERS)[number];
export type Show = 'all' | 'trouble' | Condition;

export const search = computed(() => parameter('q') ?? '');
export const show = computed<Show>(() => {
  const text = parameter('show');
  return text === 'trouble' || (CONDITIONS as readonly string[]).includes(text ?? '')
    ? (text as Show)
    : 'all';
});
export const order = computed<Order>(() => ORDERS.find((one) => one === parameter('order')) ?? 'trouble');
export const isGrouped = computed(() => parameter('group') === 'yes');
export const hasGroups = computed(() => labs.value.some(({ group }) => group !== ''));

interface Judged {
  readonly lab: Lab;
  readonly condition: Condition;
  /** In the order of names. */
  readonly place: number;
}

const names = new NameOrder();

/** Every lab that the search finds, with the worst that holds of it. */
const found = computed<readonly Judged[]>(() => {
  const text = search.value.trim().toLowerCase();
  const places = names.of(labs.value);
  return labs.value
    .filter(({ id, name, group }) => text === '' || `${id} ${name} ${group}`.toLowerCase().includes(text))
    .map((lab) => ({ lab, condition: conditionsOf(lab, now.value)[0], place: places.get(lab.id) ?? 0 }));
});

/** How many labs there are of each condition, among those that the search finds. */
export const counts = computed(() => {
  const counts = new Map<Show, number>([['all', found.value.length]]);
  for (const { condition } of found.value) {
    counts.set(condition, (counts.get(condition) ?? 0) + 1);
    if (TROUBLE.has(condition)) counts.set('trouble', (counts.get('trouble') ?? 0) + 1);
  }
  return counts;
});

let last: readonly Section[] = [];

/** What the overview shows, in its order. The same array as long as it says the same: then nothing is drawn anew. */
export const rows = computed<readonly Section[]>(() => {
  const wanted = show.value;
  const shown = found.value.filter(
    ({ condition }) =>
      wanted === 'all' || condition === wanted || (wanted === 'trouble' && TROUBLE.has(condition)),
  );
  shown.sort(COMPARE[order.value]);
  const next = isGrouped.value ? grouped(shown) : [{ title: '', ids: shown.map(({ lab }) => lab.id) }];
  if (!saysSame(next, last)) last = shown.length === 0 ? [] : next;
  return last;
});

const RANK = new Map(CONDITIONS.map((condition, rank) => [condition, rank]));
const COMPARE: Readonly<Record<Order, (a: Judged, b: Judged) => number>> = {
  trouble: (a, b) => RANK.get(a.condition)! - RANK.get(b.condition)! || a.place - b.place,
  name: (a, b) => a.place - b.place,
  // A lab without the value comes last.
  temp: (a, b) => (b.lab.temp ?? -Infinity) - (a.lab.temp ?? -Infinity) || a.place - b.place,
  humidity: (a, b) => (b.lab.humidity ?? -Infinity) - (a.lab.humidity ?? -Infinity) || a.place - b.place,
};

function grouped(shown: readonly Judged[]): readonly Section[] {
  const idsOf = new Map<string, string[]>();
  for (const { lab } of shown) {
    const ids = idsOf.get(lab.group);
    if (ids === undefined) idsOf.set(lab.group, [lab.id]);
    else ids.push(lab.id);
  }
  return [...idsOf].sort(([a], [b]) => compareGroups(a, b)).map(([title, ids]) => ({ title, ids }));
}

function saysSame(a: readonly Section[], b: readonly Section[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ title, ids }, i) => {
      const other = b[i]!;
      return (
        title === other.title && ids.length === other.ids.length && ids.every((id, j) => id === other.ids[j])
      );
    })
  );
}
