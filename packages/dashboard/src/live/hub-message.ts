import type { Answer } from '../api/client.js';
import type { LabReport } from './lab-report.js';

export type Ledger = Answer<'/ledger'>;

/**
 * How things stand with the service.
 *
 *     connecting ──▶ live ◀──▶ lost, store_down;  any ──401──▶ signed_out
 */
export type Link =
  | { readonly state: 'connecting' | 'live' | 'signed_out' }
  /** Nothing has come since; what is shown is as old. Unix milliseconds of this computer's clock. */
  | { readonly state: 'lost' | 'store_down'; readonly sinceMs: number };

/** What the hub lets every page of a browser know. */
export type HubMessage =
  | {
      readonly kind: 'labs';
      /** Whether they are all labs there are, or those that changed. */
      readonly isAll: boolean;
      readonly labs: readonly LabReport[];
    }
  | { readonly kind: 'link'; readonly link: Link }
  | { readonly kind: 'ledger'; readonly ledger: Ledger; readonly perSecond: number | undefined }
  /** How far the service's clock is ahead of this computer's. */
  | { readonly kind: 'clock'; readonly aheadMs: number };

/** What a page lets the hub know. */
export type PageMessage = 'retry' | 'bye' | { readonly watch: readonly string[] };
