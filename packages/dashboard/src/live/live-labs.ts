import { batch, computed, type Signal, signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { type Answer, get } from '../api/client.js';
import type { Lab } from '../lab/lab.js';
import { defaultLimits } from '../settings/settings.js';
import type { HubMessage, Ledger, Link } from './hub-message.js';
import type { LabReport } from './lab-report.js';
import { joinHub, type LiveLink } from './live-link.js';

export type Service = Answer<'/service'>;

/** Silences of so many expected intervals are let pass, as the service does. */
const SILENT_INTERVALS = 3;
const TICK_MS = 1000;
/** Scrolling changes what is shown often. */
const WATCH_MS = 100;

const reports = new Map<string, Signal<LabReport>>();
/** Changes with every change of any lab. */
const version = signal(0);
/** Changes only when a lab comes or goes. */
const membership = signal(0);
const aheadMs = signal(0);
let hub: LiveLink | undefined;

export const link = signal<Link>({ state: 'connecting' });
export const ledger = signal<{ ledger: Ledger; perSecond: number | undefined } | undefined>(undefined);
export const service = signal<Service | undefined>(undefined);
/** Whether it is known which labs there are. */
export const isListed = signal(false);
/** When anything came from the service, by its own clock. */
export const heardMs = signal<number | undefined>(undefined);
/** The service's time, once a second. */
export const now = signal(Date.now());

export function startLive(): void {
  hub = joinHub(receive);
  setInterval(tick, TICK_MS);
  void readService();
}

/** Tries to reach the service at once. */
export function retryLive(): void {
  hub?.retry();
  void readService();
}

/** How many pieces of this page show each lab. */
const shown = new Map<string, number>();
let isWatchDue = false;

/** Notes that a lab is shown, as long as it is: those that are shown come first where there are too many for all. */
export function useShown(id: string): void {
  useEffect(() => {
    shown.set(id, (shown.get(id) ?? 0) + 1);
    watchSoon();
    return () => {
      const left = shown.get(id)! - 1;
      if (left === 0) shown.delete(id);
      else shown.set(id, left);
      watchSoon();
    };
  }, [id]);
}

function watchSoon(): void {
  if (isWatchDue) return;
  isWatchDue = true;
  setTimeout(() => {
    isWatchDue = false;
    hub?.watch([...shown.keys()]);
  }, WATCH_MS);
}

/** Every lab as it is now; changes with each of them. */
export const labs = computed<readonly Lab[]>(() => {
  version.value;
  return [...reports.values()].map((report) => labOf(report.peek()));
});

export const labCount = computed(() => {
  membership.value;
  return reports.size;
});

/** One lab as it is now; undefined while nothing is known of it. */
export function labNow(id: string): Lab | undefined {
  membership.value;
  const report = reports.get(id);
  return report === undefined ? undefined : labOf(report.value);
}

function labOf(report: LabReport): Lab {
  const { id, name, group, atMs, temp, humidity, limits, expectedIntervalS } = report;
  const byDefault = defaultLimits.value;
  const intervalS = expectedIntervalS ?? service.value?.expected_interval_s ?? 30;
  return {
    id,
    name: name ?? id,
    group: group ?? (id.includes('/') ? id.slice(0, id.lastIndexOf('/')) : ''),
    atMs,
    temp: temp?.value ?? null,
    tempAtMs: temp?.atMs,
    humidity: humidity?.value ?? null,
    humidityAtMs: humidity?.atMs,
    limits: { temp: limits.temp ?? byDefault.temp, humidity: limits.humidity ?? byDefault.humidity },
    silentAfterMs: SILENT_INTERVALS * intervalS * 1000,
  };
}

function receive(message: HubMessage): void {
  batch(() => {
    if (message.kind === 'labs' || message.kind === 'ledger') heardMs.value = Date.now() + aheadMs.peek();
    if (message.kind === 'labs') update(message.labs, message.isAll);
    else if (message.kind === 'ledger') ledger.value = message;
    else if (message.kind === 'clock') aheadMs.value = message.aheadMs;
    else {
      if (message.link.state === 'live' && service.value === undefined) void readService();
      link.value = message.link;
    }
  });
}

function update(changed: readonly LabReport[], isAll: boolean): void {
  const before = reports.size;
  let hasGone = false;
  if (isAll) {
    isListed.value = true;
    const listed = new Set(changed.map(({ id }) => id));
    for (const id of reports.keys()) if (!listed.has(id)) hasGone = reports.delete(id);
  }
  for (const report of changed) {
    const known = reports.get(report.id);
    if (known === undefined) reports.set(report.id, signal(report));
    else known.value = report;
  }
  if (changed.length > 0 || hasGone) version.value += 1;
  if (hasGone || reports.size !== before) membership.value += 1;
  tick();
}

function tick(): void {
  now.value = Math.floor((Date.now() + aheadMs.peek()) / TICK_MS) * TICK_MS;
}

async function readService(): Promise<void> {
  try {
    service.value = await get('/service', {});
  } catch {
    // The hub sees it too, and says so.
  }
}
