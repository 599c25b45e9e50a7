import { Redis } from 'ioredis';
import { connectAsync } from 'mqtt';

/**
 * What one would write in an afternoon: a count and two sums for each lab and day, in Redis. mqtt.js acknowledges a publish
 * when the handler returns, before it is in Redis, and what is delivered twice is counted twice.
 */
export async function consumeInThirtyLines(mqttUrl: string, redisUrl: string) {
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
    const { timestamp, temp, humidity } = JSON.parse(payload.toString());
    const bucket = `bucket:${topic.split('/')[1]}:${Math.floor(timestamp / 86_400)}`;
    pipeline.hincrby(bucket, 'count', 1);
    pipeline.hincrbyfloat(bucket, 'temp', temp).hincrbyfloat(bucket, 'humidity', humidity);
    if (++messages === 100) void flush();
  });
  await client.subscribeAsync('labs/+/observation', { qos: 1 });
  return { client, flush };
}
