import { StartError } from '../../start-error.js';
import { Samples } from './samples.js';

/** What a running process says of itself at `/readyz` and `/metrics`. What it does not have is undefined. */
export interface ProcessReport {
  readonly url: string;
  readonly version: string | undefined;
  readonly role: string | undefined;
  readonly runningS: number | undefined;
  readonly ready: boolean;
  /** Why it is not ready. */
  readonly reasons: readonly string[];
  readonly connections: Readonly<Record<string, number>>;
  readonly sessions: Readonly<Record<string, number>>;
  readonly workerUnacknowledged: number | undefined;
  readonly batch: {
    readonly inFlight: number | undefined;
    readonly oldestUncommittedS: number | undefined;
    readonly lagS: number | undefined;
    readonly commits: number | undefined;
    readonly failedCommits: number | undefined;
  };
  readonly observations: {
    readonly received: number | undefined;
    readonly committed: number | undefined;
    readonly duplicate: number | undefined;
    readonly rejected: Readonly<Record<string, number>>;
    readonly unmatchedPublishes: number | undefined;
  };
  readonly storeUp: boolean;
  readonly storeFaults: number | undefined;
  readonly diskFreeBytes: number | undefined;
  readonly dropped: Readonly<Record<string, number>>;
  readonly answers: Readonly<Record<string, number>>;
  readonly memoryBytes: number | undefined;
  readonly cpuS: number | undefined;
}

export interface AskOptions {
  readonly token: string | undefined;
  readonly msMax: number;
}

/** Asks a running process. @throws StartError if it does not answer, or not to us. */
export async function askProcess(base: string, options: AskOptions, nowMs: number): Promise<ProcessReport> {
  const readiness = await ask(new URL('/readyz', base), options);
  const metrics = await ask(new URL('/metrics', base), options);
  if (metrics.status !== 200)
    throw new StartError(
      metrics.status === 401
        ? `${base} asks for a token: --token-file FILE, or name its HUMTEMP_HEALTH_PORT`
        : `${base}/metrics answered ${metrics.status}`,
    );
  const samples = new Samples(metrics.text);
  const sum = (name: string) => samples.sum(`humtemp_${name}`);
  const by = (name: string, label: string) => samples.by(`humtemp_${name}`, label);
  const startedS = samples.sum('process_start_time_seconds');
  return {
    url: base,
    version: samples.label('humtemp_build_info', 'version'),
    role: samples.label('humtemp_build_info', 'role'),
    runningS: startedS && Math.max(0, Math.round(nowMs / 1000 - startedS)),
    ready: readiness.status === 200,
    reasons: readiness.status === 200 ? [] : reasonsIn(readiness.text),
    connections: by('connections', 'protocol'),
    sessions: by('broker_sessions', 'client'),
    workerUnacknowledged: sum('worker_unacknowledged'),
    batch: {
      inFlight: sum('observations_in_flight'),
      oldestUncommittedS: sum('oldest_uncommitted_seconds'),
      lagS: sum('lag_seconds'),
      commits: sum('commits_total'),
      failedCommits: sum('commit_failures_total'),
    },
    observations: {
      received: sum('observations_received_total'),
      committed: sum('observations_committed_total'),
      duplicate: sum('observations_duplicate_total'),
      rejected: by('observations_rejected_total', 'reason'),
      unmatchedPublishes: sum('publishes_unmatched_total'),
    },
    storeUp: sum('store_up') === 1,
    storeFaults: sum('store_faults_total'),
    diskFreeBytes: sum('disk_free_bytes'),
    dropped: by('broker_drops_total', 'kind'),
    answers: by('http_requests_total', 'status'),
    memoryBytes: samples.sum('process_resident_memory_bytes'),
    cpuS: samples.sum('process_cpu_seconds_total'),
  };
}

/** A line for each thing that there is. */
export function processText(report: ProcessReport): string {
  const { batch, observations } = report;
  const state = report.ready ? 'ready' : 'NOT READY';
  const lines: (readonly [string, string | undefined])[] = [
    ['process', `${report.role ?? 'humtemp'} ${report.version ?? ''} at ${report.url}, ${state}`],
    ...report.reasons.map((reason) => ['because', reason] as const),
    ['running', seconds(report.runningS)],
    ['connections', counts(report.connections)],
    ['sessions', counts(report.sessions)],
    ['worker', number(report.workerUnacknowledged, 'publishes not yet acknowledged')],
    ['in flight', number(batch.inFlight, 'observations')],
    ['oldest waits', seconds(batch.oldestUncommittedS)],
    ['lag', seconds(batch.lagS)],
    ['commits', batch.commits === undefined ? undefined : `${batch.commits}, ${batch.failedCommits} failed`],
    ['a batch has', perCommit(observations.committed, batch.commits)],
    ['received', number(observations.received)],
    ['committed', number(observations.committed)],
    ['duplicate', number(observations.duplicate)],
    ['rejected', counts(observations.rejected)],
    ['no source', number(observations.unmatchedPublishes, 'publishes')],
    ['store', report.storeUp ? 'takes commits' : 'TAKES NO COMMIT'],
    ['unreadable', number(report.storeFaults, 'stored values')],
    ['disk', report.diskFreeBytes === undefined ? undefined : `${mib(report.diskFreeBytes)} left`],
    ['dropped', counts(report.dropped)],
    ['answers', counts(report.answers)],
    ['memory', report.memoryBytes === undefined ? undefined : mib(report.memoryBytes)],
    ['CPU', seconds(report.cpuS)],
  ];
  return lines
    .filter(([, text]) => text !== undefined)
    .map(([name, text]) => `${name.padEnd(13)} ${text}\n`)
    .join('');
}

async function ask(url: URL, { token, msMax }: AskOptions): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(msMax),
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    const { name, message, cause } = error as Error;
    const { code } = (cause ?? {}) as NodeJS.ErrnoException;
    const why =
      name === 'TimeoutError'
        ? `no answer within ${msMax} ms`
        : code === 'ECONNREFUSED'
          ? 'nothing listens there; humtemp doctor looks at what a start needs'
          : (code ?? message);
    throw new StartError(`${url.href}: ${why}`, { cause: error });
  }
}

function reasonsIn(text: string): readonly string[] {
  try {
    const { reasons, detail } = JSON.parse(text) as { reasons?: string[]; detail?: string };
    return reasons ?? [detail ?? text];
  } catch {
    return [text];
  }
}

function counts(of: Readonly<Record<string, number>>): string | undefined {
  const entries = Object.entries(of);
  return entries.length === 0 ? undefined : entries.map(([name, count]) => `${name} ${count}`).join(', ');
}

function number(count: number | undefined, of = ''): string | undefined {
  return count === undefined ? undefined : `${count} ${of}`.trim();
}

function seconds(count: number | undefined): string | undefined {
  return count === undefined ? undefined : `${Math.round(count * 1000) / 1000} s`;
}

function perCommit(committed: number | undefined, commits: number | undefined): string | undefined {
  if (committed === undefined || !commits) return undefined;
  return `${Math.round((committed / commits) * 10) / 10} observations on average`;
}

function mib(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
