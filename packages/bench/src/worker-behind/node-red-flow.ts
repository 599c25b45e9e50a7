/** Publishes of this lab are how one finds out that the flow is subscribed; they are not counted. */
export const PROBE_LAB = 'probe';
export const COUNTED_PATH = '/counted';

/** Counts and sums for each lab and day, in the memory of the node; a request is answered with what there is. */
const AGGREGATE = `
const buckets = context.get('buckets');
if (msg.req) {
  let counted = 0;
  for (const key in buckets) if (!key.startsWith('${PROBE_LAB}:')) counted += buckets[key].count;
  msg.payload = { counted, subscribed: Object.keys(buckets).length > 0 };
  return [msg];
}
const { timestamp, temp, humidity } = msg.payload;
const key = msg.topic.split('/')[1] + ':' + Math.floor((timestamp ?? 0) / 86400);
const bucket = buckets[key] ??= { count: 0, temp: 0, humidity: 0 };
bucket.count++;
bucket.temp += temp;
bucket.humidity += humidity;
`;

/** MQTT in, parsed as JSON by its node, into a function; and an HTTP request to the same function. */
export function nodeRedFlow(mqttPort: number): readonly object[] {
  const tab = 'tab';
  return [
    { id: tab, type: 'tab', label: 'bench' },
    {
      id: 'broker',
      type: 'mqtt-broker',
      broker: '127.0.0.1',
      port: `${mqttPort}`,
      clientid: 'node-red',
      autoConnect: true,
      usetls: false,
      protocolVersion: '4',
      keepalive: '60',
      cleansession: true,
    },
    {
      id: 'publishes',
      z: tab,
      type: 'mqtt in',
      topic: 'labs/+/observation',
      qos: '1',
      datatype: 'json',
      broker: 'broker',
      wires: [['aggregate']],
    },
    { id: 'request', z: tab, type: 'http in', url: COUNTED_PATH, method: 'get', wires: [['aggregate']] },
    {
      id: 'aggregate',
      z: tab,
      type: 'function',
      func: AGGREGATE,
      initialize: "context.set('buckets', {});",
      outputs: 1,
      wires: [['answer']],
    },
    { id: 'answer', z: tab, type: 'http response', wires: [] },
  ];
}
