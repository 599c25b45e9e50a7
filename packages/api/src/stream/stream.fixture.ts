import type { TestContext } from 'node:test';
import { Hono } from 'hono';
import { pino } from 'pino';
import { bearer, openTokens, serveGuarded, tokenLines } from '../access/access.fixture.js';
import { type Fixture, startApi } from '../api.fixture.js';
import { registerRoute } from '../http/route.js';
import { labSummary } from '../summary/lab-summary.js';
import { ChangeFeed } from './change-feed.js';
import { Listener } from './listener.fixture.js';
import type { LiveStreams } from './live-streams.js';
import { PolledChanges } from './polled-changes.js';
import { type StreamRouteOptions, streamRoute } from './stream-route.js';

/** Quick turns; silence and stuck clients are borne for ever unless a test says otherwise. */
const QUICK = { everyMs: 10, listMs: 20, heartbeatMs: 1e9, stuckMsMax: 1e9, storeTimeoutMs: 5000 };

export interface StreamFixture {
  readonly api: Fixture;
  readonly streams: LiveStreams;
  readonly url: string;
  readonly stopping: AbortController;
  /** How many labs were summarised. */
  readonly summarised: { count: number };
  /** Set, the store does not answer. */
  readonly outage: { error: Error | undefined };
  /** Messages of the log. */
  readonly logged: readonly string[];
  stop(graceMs: number): Promise<void>;
  /** Takes all tokens back. */
  revoke(): Promise<void>;
  /** Commits an observation of a lab, at the temperature that tells it from others. */
  commit(lab: string, temp: number): Promise<void>;
  /** Opens a stream. */
  listen(
    query?: string,
    init?: { readonly lastEventId?: string; readonly token?: string },
  ): Promise<Listener>;
}

/** Live streams behind the guard, over a real store, on a real server. */
export async function startStreams(
  t: TestContext,
  source: 'feed' | 'polled',
  options: Partial<StreamRouteOptions> = {},
): Promise<StreamFixture> {
  const api = await startApi(t, { labsMax: 2000, pendingMax: 2000 });
  const { store, clock, intake } = api;
  const feed = new ChangeFeed();
  const commit = store.commit.bind(store);
  store.commit = async (batch, nowMs) => {
    const labs = [...batch.rowsByLab.keys()];
    const result = await commit(batch, nowMs);
    feed.mark(labs);
    return result;
  };
  const stopping = new AbortController();
  const logged: string[] = [];
  const summarised = { count: 0 };
  const outage: { error: Error | undefined } = { error: undefined };
  const app = new Hono();
  const route = streamRoute({
    ...QUICK,
    changes: source === 'feed' ? feed : new PolledChanges({ store, clock: () => clock.nowMs }),
    summaries: async (labs) => {
      if (outage.error !== undefined) throw outage.error;
      summarised.count += labs.length;
      const newest = await store.latest(labs, clock.nowMs);
      return newest.map((bucket) => bucket && labSummary(bucket.lab, bucket.aggregate));
    },
    listLabs: (after, limit) => store.labs(after, limit, clock.nowMs),
    log: pino({ level: 'info' }, { write: (line: string) => void logged.push(JSON.parse(line).msg) }),
    stopping: stopping.signal,
    ...options,
  });
  registerRoute(app, route);
  const { tokens, replace } = await openTokens(t, tokenLines({ all: {}, floor: { labs: 'floor-2/*,hall' } }));
  const server = await serveGuarded(t, app, tokens, { connectionsMax: 2000 });
  return {
    api,
    streams: route.streams,
    url: server.url,
    stopping,
    summarised,
    outage,
    logged,
    stop: server.stop,
    revoke: async () => {
      await replace('');
      await tokens.reload();
    },
    async commit(lab, temp) {
      intake.receive(lab, Buffer.from(JSON.stringify({ temp })), 'test');
      await intake.whenSettled();
    },
    async listen(query = '', { lastEventId, token = 'all' } = {}) {
      const headers = {
        ...bearer(token).headers,
        ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
      };
      const abort = new AbortController();
      const response = await fetch(`${server.url}/stream${query}`, { headers, signal: abort.signal });
      const listener = new Listener(response, abort);
      t.after(() => listener.close());
      return listener;
    },
  };
}
