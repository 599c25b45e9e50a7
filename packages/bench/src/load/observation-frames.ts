import mqttPacket from 'mqtt-packet';

/** Packet ids that are used in turn: below the 65,535 there are. */
const IDS = 65_000;

export interface FramesWanted {
  readonly labs: readonly string[];
  readonly count: number;
  /** Frames in one buffer, to be written at once. */
  readonly perChunk: number;
  readonly qos: 0 | 1;
  readonly nowMs: number;
  /** How they are written; default: as most devices write our own form. */
  readonly form?: PublishForm;
}

/** A topic and a payload of one form of publishes; `variant` chooses its values. */
export type PublishForm = (lab: string, measuredMs: number, variant: number) => FormedPublish;

export interface FormedPublish {
  readonly topic: string;
  readonly payload: string;
}

/**
 * Encoded publishes of observations, measured in the moments before `nowMs`, a millisecond apart in each lab: so no two of
 * a lab are the same. The labs take turns.
 */
export function observationFrames({
  labs,
  count,
  perChunk,
  qos,
  nowMs,
  form = ownForm,
}: FramesWanted): Buffer[] {
  const startMs = nowMs - Math.ceil(count / labs.length);
  const chunks: Buffer[] = [];
  for (let start = 0; start < count; start += perChunk) {
    const frames = Array.from({ length: Math.min(perChunk, count - start) }, (_, i) => {
      const k = start + i;
      const formed = form(labs[k % labs.length]!, startMs + Math.floor(k / labs.length), k);
      return frameOf(formed, qos, (k % IDS) + 1);
    });
    chunks.push(Buffer.concat(frames));
  }
  return chunks;
}

/** One publish as most devices write it; `variant` chooses its values. */
export function observationFrame(
  lab: string,
  measuredMs: number,
  variant: number,
  qos: 0 | 1,
  messageId: number,
): Buffer {
  return frameOf(ownForm(lab, measuredMs, variant), qos, messageId);
}

function frameOf({ topic, payload }: FormedPublish, qos: 0 | 1, messageId: number): Buffer {
  return mqttPacket.generate({
    cmd: 'publish',
    topic,
    payload,
    qos,
    ...(qos === 1 && { messageId }),
    dup: false,
    retain: false,
  });
}

function ownForm(lab: string, measuredMs: number, variant: number): FormedPublish {
  const payload = {
    timestamp: measuredMs / 1000,
    temp: 20 + (variant % 100) / 10,
    humidity: 40 + (variant % 200) / 10,
  };
  return { topic: `labs/${lab}/observation`, payload: JSON.stringify(payload) };
}
