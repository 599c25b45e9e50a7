import { type Unit, unitOf } from '../language/unit.js';
import { placeOfTemplate } from './value-template.js';

/** A temperature or humidity that a device announced to Home Assistant. */
export interface Announced {
  readonly stateTopic: string;
  readonly metric: 'temp' | 'humidity';
  /** A path into the JSON of the state, or `bare`: the payload is the value. */
  readonly place: string | 'bare';
  readonly unit: Unit;
  /** What the device is called; the lab is named for it. */
  readonly device: string;
}

/** What one message says: what can be counted, and why something that looks like it cannot. */
export interface Announcement {
  readonly announced: readonly Announced[];
  readonly unused: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

/** Short names of keys, https://www.home-assistant.io/integrations/mqtt/#supported-abbreviations-in-mqtt-discovery-messages. */
const LONG: ReadonlyMap<string, string> = new Map(
  Object.entries({
    cmps: 'components',
    dev: 'device',
    dev_cla: 'device_class',
    ent_cat: 'entity_category',
    o: 'origin',
    p: 'platform',
    stat_t: 'state_topic',
    unit_of_meas: 'unit_of_measurement',
    val_tpl: 'value_template',
  }),
);

const COMPONENTS_MAX = 100;
const TEXT_LENGTH_MAX = 1000;

/**
 * Reads the payload of `homeassistant/sensor/…/config` or `homeassistant/device/…/config`.
 * @param objectId the level in front of `config`: the name of a device that has none
 */
export function readAnnouncement(payload: string, objectId: string): Announcement {
  const json = objectOf(payload);
  if (json === undefined) return { announced: [], unused: ['it is no JSON object'] };
  const config = longNames(json);
  // What another humtemp counts is not counted again.
  if (isObject(config.origin) && config.origin.name === 'humtemp') return { announced: [], unused: [] };
  const components = isObject(config.components)
    ? Object.values(config.components)
        .slice(0, COMPONENTS_MAX)
        .filter(isObject)
        .map((one) => ({ ...config, ...longNames(one) }))
        .filter(({ platform }) => platform === 'sensor')
    : [config];
  const announced: Announced[] = [];
  const unused: string[] = [];
  for (const component of components) {
    const one = announcedOf(component, objectId);
    if (typeof one === 'string') unused.push(one);
    else if (one !== undefined) announced.push(one);
  }
  return { announced, unused };
}

/** Undefined: it is something else. A text: why it is not used. */
function announcedOf(config: Json, objectId: string): Announced | string | undefined {
  const metric = METRICS.get(textOf(config.device_class) ?? '');
  // The temperature of a chip is not that of its room.
  if (metric === undefined || config.entity_category !== undefined) return undefined;
  const stateTopic = topicOf(textOf(config.state_topic), textOf(config['~']));
  if (stateTopic === undefined) return 'state_topic is no topic that can be read';
  const template = config.value_template;
  const place =
    template === undefined || typeof template === 'string' ? placeOfTemplate(template) : undefined;
  if (place === undefined) return `value_template is more than a value: ${JSON.stringify(template)}`;
  const said = textOf(config.unit_of_measurement);
  const unit = metric === 'temp' ? unitOf(said) : said === '%' ? 'C' : undefined;
  if (unit === undefined)
    return `unit_of_measurement is ${JSON.stringify(said) ?? 'missing'}: expected ${metric === 'temp' ? '°C, °F or K' : '%'}`;
  const device = isObject(config.device) ? textOf(config.device.name) : undefined;
  return { stateTopic, metric, place, unit, device: device ?? textOf(config.name) ?? objectId };
}

// Maps: an object has more names than those that were put into it.
const METRICS: ReadonlyMap<string, 'temp' | 'humidity'> = new Map([
  ['temperature', 'temp'],
  ['humidity', 'humidity'],
]);

/** `~` at either end stands for the base. Braces would be a pattern to us. */
function topicOf(text: string | undefined, base: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const topic = base === undefined ? text : text.replace(/^~/, () => base).replace(/~$/, () => base);
  return /[+#{}\0]/.test(topic) || topic.startsWith('$') ? undefined : topic;
}

function longNames(json: Json): Json {
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [LONG.get(key) ?? key, value]));
}

function objectOf(payload: string): Json | undefined {
  try {
    const json: unknown = JSON.parse(payload);
    return isObject(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= TEXT_LENGTH_MAX ? value : undefined;
}
