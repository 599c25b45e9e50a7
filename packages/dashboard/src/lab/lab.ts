import type { LabLimits } from './limits.js';

/** A lab as the page knows it. Values are °C and %RH, times Unix milliseconds of the service's clock. */
export interface Lab {
  readonly id: string;
  /** What people call it; the id where nobody gave it a name. */
  readonly name: string;
  /** Empty: none. */
  readonly group: string;
  /** Of the latest observation; undefined: never heard. */
  readonly atMs: number | undefined;
  readonly temp: number | null;
  readonly tempAtMs: number | undefined;
  readonly humidity: number | null;
  readonly humidityAtMs: number | undefined;
  readonly limits: LabLimits;
  /** After so long without a value it, or a metric of it, is silent. */
  readonly silentAfterMs: number;
}
