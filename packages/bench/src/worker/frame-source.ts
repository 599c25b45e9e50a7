import { createServer, type Socket } from 'node:net';
import mqttPacket, { type Packet } from 'mqtt-packet';
import { observationFrames } from '../load/observation-frames.js';
import { zigbeeForm } from '../load/zigbee-form.js';
import { listenAndSay, say } from '../processes/told.js';

const CHUNK = 1000;
const FORMS = { labs: undefined, zigbee2mqtt: zigbeeForm } as const;

/** How its payloads are written: our own form, or that of a program. */
export type FormName = keyof typeof FORMS;

export interface FrameSourceArgs {
  readonly count: number;
  readonly labs: number;
  readonly form: FormName;
}

/**
 * As much of a broker as it takes to send publishes as fast as they are taken. It builds the frames, all of them
 * different observations measured just now, says its "port", sends them at QoS 1 to whoever subscribes, hangs up after the
 * last PUBACK and says the "seconds" until then.
 */
export async function runFrameSource({ count, labs, form }: FrameSourceArgs): Promise<void> {
  const chunks = observationFrames({
    labs: Array.from({ length: labs }, (_, i) => `lab-${i}`),
    count,
    perChunk: CHUNK,
    qos: 1,
    nowMs: Date.now(),
    ...(FORMS[form] !== undefined && { form: FORMS[form] }),
  });
  const server = createServer({ noDelay: true }, (socket) => serve(socket, chunks, count));
  await listenAndSay(server);
}

function serve(socket: Socket, chunks: readonly Buffer[], count: number): void {
  const parser = mqttPacket.parser({ protocolVersion: 4 });
  let [sent, acknowledgedBytes, startMs] = [0, 0, 0];
  const pump = () => {
    while (sent < chunks.length) {
      if (!socket.write(chunks[sent++]!)) {
        socket.once('drain', pump);
        return;
      }
    }
  };
  parser.on('packet', (packet: Packet) => {
    if (packet.cmd === 'connect')
      socket.write(mqttPacket.generate({ cmd: 'connack', returnCode: 0, sessionPresent: false }));
    if (packet.cmd !== 'subscribe') return;
    socket.write(
      mqttPacket.generate({
        cmd: 'suback',
        messageId: packet.messageId!,
        granted: packet.subscriptions.map(() => 1),
      }),
    );
    startMs = performance.now();
    setImmediate(pump);
  });
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    if (startMs === 0) {
      parser.parse(bytes);
      return;
    }
    acknowledgedBytes += bytes.length;
    if (acknowledgedBytes < count * 4) return;
    say('seconds', (performance.now() - startMs) / 1000);
    socket.destroy();
  });
}
