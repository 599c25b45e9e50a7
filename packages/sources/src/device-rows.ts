import { NOW_MS, type Seen } from './seen.js';

/**
 * What real devices send, and what is right: a table for tests of the sources alone, and of everything around
 * them.
 */
export interface DeviceRow {
  readonly source: string;
  readonly topic: string;
  readonly payload: unknown;
  readonly seen?: readonly Seen[];
  readonly fate?: 'observations' | 'ignored' | 'rejected';
  readonly rejections?: readonly string[];
  readonly events?: Readonly<Record<string, number>>;
}

/** Sources that a row needs besides the presets, by name. */
export const CUSTOM: Readonly<Record<string, string>> = {
  gateway: `
sources:
  gateway:
    topic: gateways/{_}/batch
    each: "[]"
    lab: lab_id
    temp: temp`,
  probes: `
sources:
  probes:
    topic: probes/{lab}
    temp: ["temperature_{sensor:#}", "tempc{sensor:#}"]`,
  history: `
sources:
  history:
    topic: loggers/{lab}
    each: [., "history[]"]
    temp: temperature
    timestamp: { path: timestamp, format: s }`,
  sketch: `
sources:
  sketch:
    topic: dht/{lab}
    temp: temperature
    humidity: humidity
    text_numbers: true`,
  apart: `
sources:
  apart:
    topic: "rooms/{lab}/{metric}"
    payload: number`,
  tasmotaZone: `
sources:
  tasmota:
    preset: tasmota
    timestamp: { path: $.Time, format: local Europe/Berlin }`,
  named: `
sources:
  zigbee2mqtt:
    preset: zigbee2mqtt
    names: { "0x00158d0001": Cold room 2 }`,
  cayenne: `
sources:
  cayenne:
    topic: v3/{_}/devices/{lab}/up
    decode: { path: uplink_message.frm_payload, as: cayenne-lpp, encoding: base64 }
    temp: "temperature_{sensor:#}"
    humidity: "relative_humidity_{sensor:#}"`,
  twotags: `
sources:
  twotags:
    preset: openmqttgateway
    sensor: id
    names: { A4C138000001: kitchen, A4C138000002: kitchen }`,
  fahrenheit: `
sources:
  zigbee2mqtt:
    preset: zigbee2mqtt
    unit: F`,
};

const z2m = { source: 'zigbee2mqtt' };
export const DEVICE_ROWS: readonly DeviceRow[] = [
  {
    ...z2m,
    topic: 'zigbee2mqtt/Cold room 2',
    payload: { temperature: 4.1, humidity: 61, battery: 97, linkquality: 80 },
    seen: [{ lab: 'Cold.20room.202', temp: 4.1, humidity: 61 }],
  },
  {
    ...z2m,
    topic: 'zigbee2mqtt/Küche',
    payload: { temperature: 4.1, humidity: 61, last_seen: 1795881196123 },
    seen: [{ lab: 'K.C3.BCche', temp: 4.1, humidity: 61, at: 1795881196123 }],
  },
  {
    ...z2m,
    topic: 'zigbee2mqtt/x',
    payload: { temperature: 4.1, humidity: 61, last_seen: '2026-11-28T16:00:00+01:00' },
    seen: [{ lab: 'x', temp: 4.1, humidity: 61, at: NOW_MS - 3_600_000 }],
  },
  { ...z2m, topic: 'zigbee2mqtt/bridge/state', payload: { state: 'online' }, fate: 'ignored' },
  { ...z2m, topic: 'zigbee2mqtt/x/availability', payload: { state: 'online' }, fate: 'ignored' },
  { ...z2m, topic: 'zigbee2mqtt/x/set', payload: { temperature: 25 }, fate: 'ignored' },
  { ...z2m, topic: 'zigbee2mqtt/lamp', payload: { state: 'ON', brightness: 254 }, fate: 'ignored' },
  {
    ...z2m,
    topic: 'zigbee2mqtt/valve',
    payload: { local_temperature: 21, occupied_heating_setpoint: 22 },
    seen: [{ lab: 'valve', temp: 21 }],
  },
  {
    ...z2m,
    topic: 'zigbee2mqtt/x',
    payload: { temperature: 25.5, temperature_units: 'fahrenheit' },
    seen: [{ lab: 'x', temp: 25.5 }],
  },
  {
    source: 'fahrenheit',
    topic: 'zigbee2mqtt/x',
    payload: { temperature: 77.9, temperature_units: 'fahrenheit' },
    seen: [{ lab: 'x', temp: 25.5 }],
  },
  {
    ...z2m,
    topic: 'zigbee2mqtt/x',
    payload: { temperature: 25.5, humidity: 103 },
    seen: [{ lab: 'x', temp: 25.5, humidity: 100 }],
    events: { clamped: 1, timestamp_absent: 1 },
  },
  {
    ...z2m,
    topic: 'zigbee2mqtt/x',
    payload: { temperature: 25.5, humidity: 6553.5 },
    seen: [{ lab: 'x', temp: 25.5 }],
    rejections: ['only humidity'],
  },
  {
    source: 'named',
    topic: 'zigbee2mqtt/0x00158d0001',
    payload: { temperature: 4.1 },
    seen: [{ lab: 'Cold.20room.202', temp: 4.1 }],
  },
  {
    source: 'tasmota',
    topic: 'tele/cellar/SENSOR',
    payload: {
      Time: '2026-11-28T16:00:00',
      AM2301: { Temperature: 24.6, Humidity: 58.2 },
      ESP32: { Temperature: 55.3 },
      TempUnit: 'C',
    },
    seen: [{ lab: 'cellar', sensor: 'AM2301', temp: 24.6, humidity: 58.2 }],
  },
  {
    source: 'tasmotaZone',
    topic: 'tele/cellar/SENSOR',
    payload: {
      Time: '2026-11-28T16:00:00',
      'DS18B20-1': { Id: '1', Temperature: 50 },
      'AM2301-14': { Temperature: 77, Humidity: 58.2 },
      'AHT1X-0x38': { Temperature: null, Humidity: null },
      'DS18B20-8EC44C': { Temperature: 85 },
      TempUnit: 'F',
    },
    seen: [
      { lab: 'cellar', sensor: 'DS18B20-1', temp: 10, at: NOW_MS - 3_600_000 },
      { lab: 'cellar', sensor: 'AM2301-14', temp: 25, humidity: 58.2, at: NOW_MS - 3_600_000 },
    ],
    events: { no_reading: 3, temp_only: 1 },
  },
  {
    source: 'shelly',
    topic: 'shellyplusht-08b61fcb/events/rpc',
    payload: {
      params: { ts: 1795881196.12, 'temperature:0': { tC: 19, tF: 66.2 }, 'humidity:0': { rh: 57.6 } },
    },
    seen: [{ lab: 'shellyplusht-08b61fcb', sensor: '0', temp: 19, humidity: 57.6, at: 1795881196120 }],
  },
  {
    source: 'shelly',
    topic: 'shellyplusht-08b61fcb/status/temperature:0',
    payload: { id: 0, tC: 19, tF: 66.2 },
    seen: [{ lab: 'shellyplusht-08b61fcb', sensor: '0', temp: 19 }],
  },
  {
    source: 'shelly',
    topic: 'shellies/ht-1/sensor/temperature',
    payload: '4.12',
    seen: [{ lab: 'ht-1', temp: 4.12 }],
  },
  { source: 'shelly', topic: 'shellies/plug-1/temperature', payload: '41.5', fate: 'ignored' },
  {
    source: 'esphome',
    topic: 'cold-room/sensor/temperature/state',
    payload: '4.12',
    seen: [{ lab: 'cold-room', temp: 4.12 }],
  },
  {
    source: 'esphome',
    topic: 'cold-room/sensor/fridge_left_temperature/state',
    payload: '4.12',
    seen: [{ lab: 'cold-room', sensor: 'fridge_left', temp: 4.12 }],
  },
  {
    source: 'esphome',
    topic: 'cold-room/sensor/temperature/state',
    payload: 'nan',
    fate: 'ignored',
    events: { no_reading: 1 },
  },
  {
    source: 'homie',
    topic: 'homie/cold-room/bme280/temperature',
    payload: '4.12',
    seen: [{ lab: 'cold-room', sensor: 'bme280', temp: 4.12 }],
  },
  {
    source: 'homie',
    topic: 'homie/5/cold-room/bme280/humidity',
    payload: '41.2',
    seen: [{ lab: 'cold-room', sensor: 'bme280', humidity: 41.2 }],
  },
  { source: 'homie', topic: 'homie/cold-room/$state', payload: 'ready', fate: 'ignored' },
  {
    source: 'rtl_433',
    topic: 'rtl_433/attic/events',
    payload: {
      time: '2026-11-28 16:00:00',
      model: 'M',
      id: 5,
      channel: 1,
      temperature_C: 15.1,
      humidity: 22,
    },
    seen: [{ lab: 'attic', sensor: 'M-1', temp: 15.1, humidity: 22 }],
    events: { timestamp_wrong: 1 },
  },
  {
    source: 'rtl_433',
    topic: 'rtl_433/attic/events',
    payload: { time: '2026-11-28T16:00:00+0100', model: 'M', id: 5, temperature_F: 59, humidity: 22 },
    seen: [{ lab: 'attic', sensor: 'M', temp: 15, humidity: 22, at: NOW_MS - 3_600_000 }],
  },
  {
    source: 'openmqttgateway',
    topic: 'home/gw1/BTtoMQTT/A4C138000001',
    payload: { id: 'A4:C1:38:00:00:01', tempc: 15.5, hum: 65.2 },
    seen: [{ lab: 'A4C138000001', temp: 15.5, humidity: 65.2 }],
  },
  {
    source: 'the-things-stack',
    topic: 'v3/app@tenant/devices/room-7/up',
    payload: {
      received_at: '2026-11-28T15:00:00.123456789Z',
      uplink_message: { decoded_payload: { TempC_SHT: 4.1, Hum_SHT: 61.2 } },
    },
    seen: [{ lab: 'room-7', temp: 4.1, humidity: 61.2, at: NOW_MS - 3_600_000 + 123 }],
  },
  {
    source: 'chirpstack',
    topic: 'application/1/device/0102030405060708/event/up',
    payload: {
      time: '2026-11-28T15:00:00+00:00',
      deviceInfo: { deviceName: 'room-7' },
      object: { air_temperature: { value: 4.1 } },
    },
    seen: [{ lab: 'room-7', temp: 4.1, at: NOW_MS - 3_600_000 }],
  },
  { source: 'chirpstack', topic: 'application/1/device/01/event/join', payload: {}, fate: 'ignored' },
  {
    source: 'history',
    topic: 'loggers/a',
    payload: { temperature: 21.5, history: [{ timestamp: 1790000000, temperature: 21.4 }] },
    seen: [
      { lab: 'a', temp: 21.5 },
      { lab: 'a', temp: 21.4, at: 1790000000000 },
    ],
    events: { timestamp_absent: 1, temp_only: 2 },
  },
  {
    source: 'thingsboard',
    topic: 'v1/devices/cold-room/telemetry',
    payload: [{ ts: 1795881196000, values: { temperature: 2, humidity: 60 } }],
    seen: [{ lab: 'cold-room', temp: 2, humidity: 60, at: 1795881196000 }],
  },
  {
    source: 'thingsboard',
    topic: 'v1/gateway/telemetry',
    payload: {
      'Device A': [{ ts: 1795881196000, values: { temperature: 2 } }],
      'Device B': [{ ts: 1795881196000, values: { humidity: 60 } }],
    },
    seen: [
      { lab: 'Device.20A', temp: 2, at: 1795881196000 },
      { lab: 'Device.20B', humidity: 60, at: 1795881196000 },
    ],
  },
  {
    source: 'gateway',
    topic: 'gateways/1/batch',
    payload: [
      { lab_id: 'lab-1', temp: 20 },
      { lab_id: 'lab-2', temp: 21 },
    ],
    seen: [
      { lab: 'lab-1', temp: 20 },
      { lab: 'lab-2', temp: 21 },
    ],
  },
  {
    source: 'probes',
    topic: 'probes/a',
    payload: { temperature_1: 4.1, temperature_2: 21.5 },
    seen: [
      { lab: 'a', sensor: '1', temp: 4.1 },
      { lab: 'a', sensor: '2', temp: 21.5 },
    ],
  },
  {
    source: 'senml',
    topic: 'senml/lab-1',
    payload: [
      { bn: 'urn:dev:x:', bt: 1790000000, n: 't', u: 'Cel', v: 21.5 },
      { n: 'h', u: '%RH', v: 45.2 },
    ],
    seen: [{ lab: 'lab-1', temp: 21.5, humidity: 45.2, at: 1790000000000 }],
  },
  {
    source: 'sketch',
    topic: 'dht/a',
    payload: { temperature: '22.80', humidity: '34.10' },
    seen: [{ lab: 'a', temp: 22.8, humidity: 34.1 }],
  },
  { source: 'apart', topic: 'rooms/a/temperature', payload: '22.8', seen: [{ lab: 'a', temp: 22.8 }] },
  { source: 'apart', topic: 'rooms/a/humidity', payload: '34.1', seen: [{ lab: 'a', humidity: 34.1 }] },
  {
    source: 'ruuvi-gateway',
    topic: 'ruuvi/C1:00:00:00:00:01/CB:B8:33:4C:88:4F',
    payload: {
      gw_mac: 'C1:00:00:00:00:01',
      rssi: -60,
      ts: '1795881196',
      data: '0201061BFF99040512FC5394C37C0004FFFC040CAC364200CDCBB8334C884F',
    },
    seen: [{ lab: 'CB.3AB8.3A33.3A4C.3A88.3A4F', temp: 24.3, humidity: 53.49, at: 1795881196000 }],
  },
  {
    source: 'airgradient',
    topic: 'airgradient/readings/84fce602549c',
    payload: { rco2: 447, atmp: 22.69, rhum: 41.2, atmpCompensated: 22.6, rhumCompensated: 50.1 },
    seen: [{ lab: '84fce602549c', temp: 22.6, humidity: 50.1 }],
  },
  {
    source: 'home-assistant-statestream',
    topic: 'homeassistant/sensor/living_room_temperature/state',
    payload: '21.5',
    seen: [{ lab: 'living_room', temp: 21.5 }],
  },
  {
    source: 'home-assistant-statestream',
    topic: 'homeassistant/sensor/kitchen_humidity/state',
    payload: 'unavailable',
    fate: 'ignored',
    events: { no_reading: 1 },
  },
  {
    source: 'bluetooth',
    topic: 'bthome/gw1/A4C138000001',
    payload: { data: '4002ca0903bf13' },
    seen: [{ lab: 'A4C138000001', temp: 25.06, humidity: 50.55 }],
  },
  {
    source: 'bluetooth',
    topic: 'pvvx/gw1/A4C138000001',
    payload: { data: '1a18' + '010000' + '38c1a4' + 'c409' + '8813' + 'b80b' + '64' + '01' + '05' },
    seen: [{ lab: 'A4C138000001', temp: 25, humidity: 50 }],
  },
  {
    source: 'labs',
    topic: 'labs/lab-1/observation',
    payload: { timestamp: 1790000000, temp: 21.53, humidity: 100.4, sensor: 'bme280-3' },
    seen: [{ lab: 'lab-1', temp: 21.53, sensor: 'bme280-3', at: 1790000000000 }],
    rejections: ['only humidity'],
  },
  {
    source: 'sparkplug',
    topic: 'spBv1.0/G/DBIRTH/E/cold',
    // Two metrics of type Double, with names and aliases.
    payload: Buffer.from(
      '08e0b3f196a234121a0a0b54656d70657261747572651001200a69000000000000124012170a0848756d69646974791002200a690000000000804e40',
      'hex',
    ),
    seen: [{ lab: 'cold', temp: 4.5, humidity: 61, at: 1795881196000 }],
  },
  {
    source: 'senml',
    topic: 'senml-cbor/lab-1',
    payload: Buffer.from(
      '82a5006174016343656c02f94d60216a75726e3a6465763a783a221a6ab13b80a3006168016325524802f951a8',
      'hex',
    ),
    seen: [{ lab: 'lab-1', temp: 21.5, humidity: 45.25, at: 1790000000000 }],
  },
  {
    source: 'cayenne',
    topic: 'v3/app/devices/room-7/up',
    payload: { uplink_message: { frm_payload: 'A2cBEAVoew==' } },
    seen: [
      { lab: 'room-7', sensor: '3', temp: 27.2 },
      { lab: 'room-7', sensor: '5', humidity: 61.5 },
    ],
  },
  {
    source: 'twotags',
    topic: 'home/gw1/BTtoMQTT/A4C138000002',
    payload: { id: 'A4:C1:38:00:00:02', tempc: 15.5, hum: 65.2 },
    seen: [{ lab: 'kitchen', sensor: 'A4:C1:38:00:00:02', temp: 15.5, humidity: 65.2 }],
  },
  {
    ...z2m,
    topic: 'zigbee2mqtt/plug',
    payload: { state: 'ON', power: 12.5, temperature: 41 },
    fate: 'ignored',
    events: { not_the_room: 1 },
  },
  {
    ...z2m,
    topic: 'zigbee2mqtt/soil',
    payload: { soil_moisture: 30, temperature: 18 },
    fate: 'ignored',
    events: { not_the_room: 1 },
  },
  // Bytes that are odd and harmless.
  {
    ...z2m,
    topic: 'zigbee2mqtt/x',
    payload: Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('{"temperature":4.1}\0')]),
    seen: [{ lab: 'x', temp: 4.1 }],
  },
  {
    ...z2m,
    topic: 'zigbee2mqtt/x',
    payload: Buffer.from('{"temperature":4.1,"unit":"\xb0C"}', 'latin1'),
    seen: [{ lab: 'x', temp: 4.1 }],
  },
  {
    ...z2m,
    topic: 'zigbee2mqtt/dewar',
    payload: { temperature: -196 },
    seen: [{ lab: 'dewar', temp: -196 }],
  },
];
