import { createServer, type Socket } from 'node:net';
import mqttPacket, { type Packet } from 'mqtt-packet';

/** Packet ids that are used in turn: below the 65,535 there are. */
const IDS = 65_000;
const CHUNK = 1000;

/**
 * As much of a broker as it takes to send publishes as fast as they are taken. It builds the frames, all of them
 * different observations of the last minute, says its port, sends them at QoS 1 to whoever subscribes, and says the
 * seconds until the last PUBACK.
 */
export async function runFrameSource(count: number, labs: number): Promise<void> {
  const chunks = Array.from({ length: Math.ceil(count / CHUNK) }, (_, i) => chunkOf(i * CHUNK, count, labs));
  const server = createServer({ noDelay: true }, (socket) => serve(socket, chunks, count));
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    process.stdout.write(`port ${typeof address === 'object' ? address?.port : ''}\n`);
  });
}

function serve(socket: Socket, chunks: readonly Buffer[], count: number): void {
  const parser = mqttPacket.parser({ protocolVersion: 4 });
  let [sent, acknowledgedBytes, startMs] = [0, 0, 0];
  const pump = () => {
    while (sent < count) {
      const room = socket.write(chunks[sent / CHUNK]!);
      sent += CHUNK;
      if (!room) {
        socket.once('drain', pump);
        return;
      }
    }
  };
  parser.on('packet', (packet: Packet) => {
    if (packet.cmd === 'connect')
      socket.write(mqttPacket.generate({ cmd: 'connack', returnCode: 0, sessionPresent: false }));
    if (packet.cmd !== 'subscribe') return;
    socket.write(mqttPacket.generate({ cmd: 'suback', messageId: packet.messageId!, granted: [1] }));
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
    process.stdout.write(`seconds ${(performance.now() - startMs) / 1000}\n`);
    process.exit(0);
  });
}

function chunkOf(start: number, count: number, labs: number): Buffer {
  const nowS = Math.floor(Date.now() / 1000);
  const frames = Array.from({ length: CHUNK }, (_, i) => {
    const k = start + i;
    const payload = JSON.stringify({
      timestamp: nowS - 60 + Math.floor((k / count) * 60_000) / 1000,
      temp: 20 + (k % 100) / 10,
      humidity: 40 + (Math.floor(k / labs) % 20_000) / 1000,
    });
    return mqttPacket.generate({
      cmd: 'publish',
      topic: `labs/lab-${k % labs}/observation`,
      payload,
      qos: 1,
      messageId: (k % IDS) + 1,
      dup: false,
      retain: false,
    });
  });
  return Buffer.concat(frames);
}
