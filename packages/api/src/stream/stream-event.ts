import { type Static, Type } from '@sinclair/typebox';
import { Rfc3339Time } from '../http/rfc3339-time.js';
import { LabStatus } from '../labs/lab-status.js';
import { IntervalSummary } from '../summary/interval-summary.js';
import { MetricSummary } from '../summary/metric-summary.js';

const LiveMetric = Type.Omit(MetricSummary, ['coverage'], { $id: 'LiveMetric' });
const LiveMetricIfAny = Type.Union([LiveMetric, Type.Null()]);
const LiveSummary = Type.Composite(
  [
    Type.Omit(IntervalSummary, ['coverage', 'temp', 'humidity']),
    Type.Object({ temp: LiveMetricIfAny, humidity: LiveMetricIfAny }),
  ],
  { $id: 'LiveSummary' },
);

/** A lab as a stream tells of it: nothing in it changes with time alone. */
export const LiveLab = Type.Object(
  {
    lab_id: Type.String(),
    latest: LabStatus.properties.latest,
    current: Type.Union([LiveSummary, Type.Null()], {
      description: 'the current bucket of the primary resolution',
    }),
  },
  { $id: 'LiveLab' },
);

export type LiveLab = Static<typeof LiveLab>;

const LabsTold = Type.Object({ at: Rfc3339Time, labs: Type.Array(LiveLab) });

/** One event of a stream, its data parsed. */
export const StreamEvent = Type.Union(
  [
    Type.Object(
      { event: Type.Literal('snapshot'), id: Type.String(), data: LabsTold },
      { description: 'the labs that are known, of those that were asked for' },
    ),
    Type.Object(
      { event: Type.Literal('changes'), id: Type.String(), data: LabsTold },
      { description: 'the labs that have changed, each as it is now' },
    ),
    Type.Object(
      { event: Type.Literal('unavailable'), data: Type.Object({ detail: Type.String() }) },
      {
        description:
          'what the client has may be old; changes follow when the store answers again, of no lab if none has changed',
      },
    ),
  ],
  { $id: 'StreamEvent' },
);
