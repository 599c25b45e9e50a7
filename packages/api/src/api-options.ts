import type { Books, BucketGrid, BucketStore, Meter, ProcessState } from '@humtemp/bucket-core';
import type { Intake, SourceTable } from '@humtemp/intake';
import type { Logger } from 'pino';
import type { AccessTokens } from './access/access-tokens.js';
import type { Simulation } from './dashboard/simulation-route.js';
import type { SiteFile } from './dashboard/site.js';
import type { FaultLog } from './http/incomplete.js';
import type { LabDirectories } from './rooms/labs-file.js';
import type { SourceNotes } from './sources/source-rows.js';
import type { ChangeSource } from './stream/change-source.js';

export interface ApiOptions {
  readonly store: BucketStore & Books;
  readonly intake: Intake;
  readonly grid: BucketGrid;
  /** Names this process in the ledger, as in the reports that it leaves in the store. */
  readonly process: string;
  /** What this process is in the ledger. */
  readonly role?: string;
  /** How this process is doing now. */
  readonly state?: () => ProcessState | undefined;
  /** Seconds between two observations of a lab that works; after three of them without one it is stale. */
  readonly expectedIntervalS: number;
  /** What is known of labs beside what they measured. */
  readonly directories?: LabDirectories;
  /** Longest body read from a request. At least the payloadBytesMax of the intake. */
  readonly requestBytesMax: number;
  /** Unix milliseconds. */
  readonly clock?: () => number;
  /** After how long an answer no longer waits for the store. */
  readonly storeTimeoutMs: number;
  /** Why this process cannot do its work now; empty when it can. */
  readonly readiness: () => Promise<readonly string[]>;
  /** What is not as it should be, though this process can do its work; default: nothing. */
  readonly warnings?: () => readonly string[];
  readonly log: Logger;
  /** Who may read and write what. Undefined: everybody everything. */
  readonly tokens?: AccessTokens | undefined;
  /** Origins whose pages may read the API from a browser, such as `https://dashboard.example`; `*` for all. */
  readonly corsOrigins?: readonly string[];
  /** The files of the web page, as `readSite` gives them. Undefined: none is served. */
  readonly site?: ReadonlyMap<string, SiteFile> | undefined;
  /** Made-up labs for a first look. Undefined: none are offered. */
  readonly simulation?: Simulation | undefined;
  /** Where the embedded broker listens, for who connects a first sensor. */
  readonly mqttListeners?: () => readonly { readonly kind: string; readonly port: number }[];
  /** The sources in force, for publishes that come by HTTP. */
  readonly sources?: SourceTable;
  /** What each source saw besides what intake counts. */
  readonly sourceReports?: () => readonly SourceNotes[];
  /** The topic filters of observations. */
  readonly mqttTopics?: readonly string[];
  /** Names by which clients reach the API, besides addresses and localhost; `*` for any. Without tokens others are refused. */
  readonly publicHosts?: readonly string[];
  /** Aborted when the server stops, for answers that would never end by themselves. */
  readonly stopping?: AbortSignal;
  /** Which labs change, for live streams. Default: the store is asked once a second. */
  readonly changes?: ChangeSource;
  /** Live streams open at a time. */
  readonly streamsMax?: number;
  /** What one client, a token or an address, may have of streams and the labs that they are about: 0.5 is half. */
  readonly clientShare?: number;
  /** Seconds for which a lab that the labs file does not name is listed after its last observation. */
  readonly listedS?: number;
  /** Labs that /metrics/labs shows. */
  readonly metricsLabsMax?: number;
  /** Stored values that could not be read. */
  readonly faults?: FaultLog;
  /** What this process counts besides observations and what the API counts itself, for `/metrics`. */
  readonly meters?: readonly Meter[];
  /** Whether observations come to this process other than by an occasional POST. */
  readonly receives?: boolean;
  /** Answers that are made at a time, and bytes of those that clients have not taken. */
  readonly answersMax?: number;
  readonly heldBytesMax?: number;
  /** Answers that read much of the store and may be under way at once. */
  readonly heavyAnswersMax?: number;
}

/** What the routes are built from: the options with every default in its place. */
export type RouteOptions = Required<ApiOptions>;
