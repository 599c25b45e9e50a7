import { Redis } from 'ioredis';
import { connectAsync } from 'mqtt';

/**
 * The thirty lines of `worker-behind`, for what zigbee2mqtt publishes, with the rules of the preset by hand: a thermostat knows
 * the room, and a temperature beside power or soil moisture is none.
 */
export async function consumeZigbeeInThirtyLines(mqttUrl: string, redisUrl: string) {
  const redis = new Redis(redisUrl);
  let pipeline = redis.pipeline();
  let messages = 0;
  const flush = async () => {
    const full = pipeline;
    pipeline = redis.pipeline();
    messages = 0;
    if (full.length > 0) await full.exec();
  };
  setInterval(flush, 100);
  const client = await connectAsync(mqttUrl);
  client.on('message', (topic, payload) => {
    if (/^zigbee2mqtt\/bridge\/|\/(?:availability|set|get)$/.test(topic)) return;
    const { temperature, local_temperature, humidity, last_seen, power, soil_moisture } = JSON.parse(
      payload.toString(),
    );
    const temp = local_temperature ?? temperature;
    if (humidity === undefined && (power !== undefined || soil_moisture !== undefined)) return;
    const bucket = `bucket:${topic.slice('zigbee2mqtt/'.length)}:${Math.floor(Date.parse(last_seen) / 86_400_000)}`;
    pipeline.hincrby(bucket, 'count', 1);
    if (temp !== undefined) pipeline.hincrbyfloat(bucket, 'temp', temp);
    if (humidity !== undefined) pipeline.hincrbyfloat(bucket, 'humidity', Math.min(humidity, 100));
    if (++messages === 100) void flush();
  });
  await client.subscribeAsync('zigbee2mqtt/#', { qos: 1 });
  return { client, flush };
}
