import {
  type Static,
  type TObject,
  type TProperties,
  type TSchema,
  type TUnsafe,
  Type,
} from '@sinclair/typebox';

/**
 * The one description of the language: the compiler's types, the messages about mistakes, and the JSON Schema
 * that editors complete from. `expected` ends the sentence "expected …" of a mistake.
 */
const text = (expected: string, description: string) => Type.String({ minLength: 1, expected, description });

const closed = <P extends TProperties>(properties: P, expected: string, description: string): TObject<P> =>
  Type.Object(properties, { additionalProperties: false, expected, description });

const oneOf = <const W extends readonly string[]>(words: W, description: string) =>
  Type.Union(
    words.map((word) => Type.Literal(word)),
    { expected: listed(words), description },
  ) as unknown as TUnsafe<W[number]>;

/** One of it, or a list of them. */
const oneOrMore = <S extends TSchema>(item: S, expected: string, description: string) =>
  Type.Union([item, Type.Array(item, { minItems: 1, maxItems: LIST_MAX, expected })], {
    expected,
    description,
  });

const LIST_MAX = 200;
const NAMES_MAX = 100_000;
const PATH = 'a path such as temperature, sensor.temperature or values[0]';
const PLACE = 'a path, a text with paths in braces such as "{model}-{channel}", or { text: kitchen }';
const TIME_POLICY = ['receipt', 'reject'] as const;

const ALTERNATIVES = `${PATH}, or { path: t, unit: F, scale: 0.1 } with a scale above 0, or a list`;

const Alternative = Type.Union(
  [
    text(PATH, 'where the value stands; temperature_{sensor} captures a sensor'),
    closed(
      {
        path: text(PATH, 'where the value stands'),
        unit: Type.Optional(oneOf(['C', 'F', 'K'], 'the unit of this one')),
        scale: Type.Optional(
          Type.Number({
            exclusiveMinimum: 0,
            maximum: 1000,
            expected: 'a number above 0, such as 0.1',
            description: 'what the number is multiplied by: 0.1 for tenths',
          }),
        ),
      },
      '{ path: temperature_F, unit: F }',
      'a path with a unit or a scale of its own',
    ),
  ],
  { expected: `${PATH}, or { path: temperature_F, unit: F }, or { path: t, scale: 0.1 }` },
);

const Place = Type.Union(
  [
    text(PLACE, 'a path, or a text with paths in braces'),
    closed({ text: text('a text', 'always this text') }, '{ text: kitchen }', 'a fixed text'),
  ],
  { expected: PLACE },
);

const Range = (unit: string) =>
  closed(
    {
      min: Type.Optional(
        Type.Number({ expected: 'a number', description: `the least that can be, in ${unit}` }),
      ),
      max: Type.Optional(
        Type.Number({ expected: 'a number', description: `the most that can be, in ${unit}` }),
      ),
      outside: Type.Optional(
        oneOf(
          ['reject', 'drop', 'clamp'],
          'reject: a counted rejection of this metric (default); drop: no reading; clamp: the border',
        ),
      ),
      clamp_within: Type.Optional(
        Type.Number({
          minimum: 0,
          expected: 'a number from 0',
          description: 'clamp only what lies so little outside, and reject the rest (default 5)',
        }),
      ),
    },
    'min, max, outside, clamp_within',
    'the plausible range',
  );

const NotValue = Type.Union([Type.Number(), Type.String()], { expected: 'a number or a text' });
const NotValues = (description: string) =>
  Type.Array(NotValue, { maxItems: LIST_MAX, expected: 'a list of values such as [85, -127]', description });

const Timestamp = closed(
  {
    path: oneOrMore(
      text(PATH, 'where the timestamp stands'),
      `${PATH}, or a list of paths`,
      'the first one present',
    ),
    format: oneOrMore(
      text('s, ms, rfc3339 or local ZONE', 's, ms, rfc3339 or local ZONE'),
      's, ms, rfc3339 or local ZONE, such as local Europe/Berlin, or a list of them',
      'how it is written: of a list, one for numbers (s or ms) and those for texts',
    ),
    absent: Type.Optional(
      oneOf(TIME_POLICY, 'when it is not there: the time of receipt (default), or reject'),
    ),
    wrong: Type.Optional(
      oneOf(
        TIME_POLICY,
        'when it cannot be read, or was written by a clock that is not set: reject (default)',
      ),
    ),
    future: Type.Optional(oneOf(TIME_POLICY, 'when it is ahead of the clock: reject (default)')),
  },
  '{ path: time, format: rfc3339 }',
  'when it was measured',
);

const Decode = closed(
  {
    path: Type.Optional(text(PATH, 'where the bytes stand as a text; none: the payload is the bytes')),
    as: oneOf(['bthome', 'ruuvi-rawv2', 'pvvx', 'cayenne-lpp'], 'what the bytes are'),
    encoding: Type.Optional(oneOf(['hex', 'base64'], 'how the text writes the bytes (default hex)')),
  },
  '{ path: data, as: ruuvi-rawv2, encoding: hex }',
  'bytes within the payload: everything is then counted from what they decode to; $ is the payload',
);

const tableFields = {
  topic: Type.Optional(
    oneOrMore(
      text('a topic such as labs/{lab}/observation', 'MQTT levels; {lab}, {sensor}, {metric}, {_}, {lab...}'),
      'a topic such as labs/{lab}/observation, or a list of them',
      'the topics; {base} is the base of the source',
    ),
  ),
  payload: Type.Optional(
    oneOf(
      ['json', 'number', 'bytes', 'senml', 'senml-cbor', 'sparkplug'],
      'what the bytes are: json (default), number (a bare value), bytes (for decode), senml, senml-cbor, sparkplug',
    ),
  ),
  decode: Type.Optional(Decode),
  root: Type.Optional(text(PATH, 'where everything else is counted from')),
  each: Type.Optional(
    oneOrMore(
      text('a path such as [] or history[] or {sensor}', 'where the observations stand'),
      'a path such as [] or history[] or {sensor}, or a list of them',
      'an observation for each place: [] elements, * members, {sensor} or {lab} members named so; "." the root itself',
    ),
  ),
  temp: Type.Optional(oneOrMore(Alternative, ALTERNATIVES, 'the temperature: the first one present')),
  humidity: Type.Optional(oneOrMore(Alternative, ALTERNATIVES, 'the humidity: the first one present')),
  metric: Type.Optional(oneOf(['temp', 'humidity'], 'what a bare value is, if the topic has no {metric}')),
  metrics: Type.Optional(
    closed(
      {
        temp: Type.Optional(
          Type.Array(text('a text', 'a name'), { maxItems: LIST_MAX, expected: 'a list of names' }),
        ),
        humidity: Type.Optional(
          Type.Array(text('a text', 'a name'), { maxItems: LIST_MAX, expected: 'a list of names' }),
        ),
      },
      '{ temp: [temperature], humidity: [humidity] }',
      'what {metric} in the topic may be; other topics are ignored',
    ),
  ),
  lab: Type.Optional(oneOrMore(Place, `${PLACE}, or a list`, 'the lab, if the payload says it')),
  sensor: Type.Optional(oneOrMore(Place, `${PLACE}, or a list`, 'the sensor, if the payload says it')),
  timestamp: Type.Optional(
    Type.Union([Timestamp, Type.Literal('receipt', { description: 'the time of receipt' })], {
      expected: '{ path: time, format: rfc3339 }, or receipt',
    }),
  ),
  unit: Type.Optional(
    Type.Union(
      [
        oneOf(['C', 'F', 'K'], 'the unit of temperatures'),
        closed(
          {
            path: text(PATH, 'where the unit stands'),
            absent: Type.Optional(
              oneOf(['C', 'F', 'K'], 'the unit if the payload does not say it; none: reject'),
            ),
          },
          '{ path: TempUnit, absent: C }',
          'where the payload says the unit',
        ),
      ],
      { expected: 'C, F, K or { path: TempUnit }', description: 'the unit of temperatures (default C)' },
    ),
  ),
  text_numbers: Type.Optional(
    Type.Boolean({ expected: 'true or false', description: 'numbers may be written as texts: "22.80"' }),
  ),
  range: Type.Optional(
    closed(
      { temp: Type.Optional(Range('°C')), humidity: Type.Optional(Range('%RH')) },
      '{ temp: { min: -40, max: 85 } }',
      'plausible ranges',
    ),
  ),
  not: Type.Optional(
    closed(
      {
        temp: Type.Optional(NotValues('temperatures, as sent, that mean "no reading"')),
        humidity: Type.Optional(NotValues('humidities that mean "no reading"')),
        both: Type.Optional(
          Type.Array(Type.Tuple([Type.Number(), Type.Number()], { expected: 'a pair such as [0, 0]' }), {
            maxItems: LIST_MAX,
            expected: 'a list of pairs such as [[0, 0]]',
            description: 'pairs of both',
          }),
        ),
      },
      '{ temp: [85, -127], both: [[0, 0]] }',
      'values that mean "no reading"',
    ),
  ),
  needs: Type.Optional(
    oneOrMore(
      text(PATH, 'a path'),
      `${PATH}, or a list`,
      'where none of these stands, the table says nothing',
    ),
  ),
  unless: Type.Optional(
    oneOrMore(
      text(PATH, 'a path'),
      `${PATH}, or a list`,
      'where any of these stands, it is not the room: ignored',
    ),
  ),
  repeats: Type.Optional(
    closed(
      { within: text('a duration such as 10m', 'so long a value that is still the same is left out') },
      '{ within: 10m }',
      'count a metric only when it changed, or when this time has passed',
    ),
  ),
  empty: Type.Optional(
    oneOf(
      ['reject', 'ignore'],
      'a payload with neither temperature nor humidity: reject (default) or ignore',
    ),
  ),
};

export const Table = closed(tableFields, 'topic, temp, humidity and others', 'one shape of payload');
export type Table = Static<typeof Table>;

const SourceFields = {
  ...tableFields,
  preset: Type.Optional(
    text('the name of a preset', 'a source that comes with humtemp; other keys change it'),
  ),
  base: Type.Optional(text('the first levels of the topics', 'what {base} in topics stands for')),
  ignore: Type.Optional(
    oneOrMore(
      text('a topic such as zigbee2mqtt/bridge/{_...}', 'a topic'),
      'a topic such as zigbee2mqtt/bridge/{_...}, or a list',
      'topics beneath the others that are something else',
    ),
  ),
  names: Type.Optional(
    Type.Record(Type.String(), text('the name of a lab', 'the lab'), {
      maxProperties: NAMES_MAX,
      expected: 'a table such as { 0x00158d0001: Cold room 2 }',
      description: 'what the topic or payload says, and the lab that it is',
    }),
  ),
  live: Type.Optional(
    Type.Boolean({
      expected: 'true or false',
      description: 'devices retain every publish: counted when published, ignored when a broker replays it',
    }),
  ),
  tables: Type.Optional(
    Type.Array(Table, {
      minItems: 1,
      maxItems: LIST_MAX,
      expected: 'a list of tables',
      description:
        'several shapes; keys beside it hold for all of them. The first that finds something is taken',
    }),
  ),
};

export const SourceDescription = closed(SourceFields, 'topic, temp, humidity and others', 'one source');
export type SourceDescription = Static<typeof SourceDescription>;

const NAME = '^[a-z0-9][a-z0-9_-]{0,49}$';

export const SourcesFile = Type.Object(
  {
    sources: Type.Record(Type.String({ pattern: NAME }), SourceDescription, {
      additionalProperties: false,
      expected: 'a source for each name, of a-z 0-9 - _',
      description: 'sources by name, in the order in which they are asked',
    }),
  },
  {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'humtemp sources',
    additionalProperties: false,
    expected: 'sources: and beneath it a source for each name',
    description: 'What the topics and payloads of devices say',
  },
);
export type SourcesFile = Static<typeof SourcesFile>;

function listed(words: readonly string[]): string {
  return words.length === 1 ? words[0]! : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
