import { topologyOf } from '@humtemp/bucket-core';
import type { Config } from '../config/config.js';
import { brokersOf } from '../config/worker.js';
import type { RunningRole } from './roles.js';
import { hostInUrl, type Interfaces, usableHost } from './usable-host.js';

/** What the greeting says of the world besides the configuration. */
export interface GreetingFacts {
  /** How many labs the store knows, up to LABS_COUNTED_MAX; undefined if it does not answer. */
  readonly labs: number | undefined;
  /** How the person who reads it runs the command. */
  readonly command: string;
  /** Default: those of this machine. */
  readonly interfaces?: Interfaces;
}

/** More are not counted. */
export const LABS_COUNTED_MAX = 1000;

const OBSERVATION = { temp: 22.08, humidity: 51.53 };
const LAB = 'library-20';

/** What a start says first: what listens where, and what to paste to see it work. */
export function greeting(running: RunningRole, config: Config, facts: GreetingFacts): string {
  const api = apiUrl(running, config, facts);
  const blocks = [
    places(running, config, facts, api),
    facts.labs === undefined || facts.labs === 0
      ? firstSteps(running, config, facts, api)
      : nextSteps(config, facts, api),
    ['Ctrl-C stops.'],
  ];
  const text = blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => (line === '' ? '\n' : `  ${line}\n`)).join(''))
    .join('\n');
  return `\n${text}\n`;
}

/** Where the listeners of this process are reached, as URLs. */
export function listenerUrls(
  { broker }: RunningRole,
  { mqttHost }: Config,
  interfaces?: Interfaces,
): string[] {
  const host = hostInUrl(usableHost(mqttHost, interfaces));
  return (broker?.listeners ?? []).map(({ kind, port }) => `${kind}://${host}:${port}`);
}

/** Where the API is reached; undefined if this process has none. */
export function apiUrl(
  { api }: RunningRole,
  { apiHost }: Config,
  { interfaces }: Pick<GreetingFacts, 'interfaces'> = {},
): string | undefined {
  return api === undefined ? undefined : `http://${hostInUrl(usableHost(apiHost, interfaces))}:${api.port}`;
}

function places(
  running: RunningRole,
  config: Config,
  facts: GreetingFacts,
  api: string | undefined,
): string[] {
  const listeners = listenerUrls(running, config, facts.interfaces);
  const store =
    'redisUrl' in config.store
      ? `Redis at ${placesOf(config.store.redisUrl)}`
      : `embedded, in ${config.store.dataDir}`;
  return [
    ...listeners.map((url, i) => `${i === 0 ? 'MQTT broker' : '           '}  ${url}`),
    ...(running.worker === undefined
      ? []
      : brokersOf(config).map(
          ({ url, clientId }, i) =>
            `${i === 0 ? 'MQTT worker' : '           '}  subscribes to ${new URL(url).host} as ${clientId}`,
        )),
    ...(api === undefined ? [] : [`Dashboard    ${api}/`, `HTTP API     ${api}/docs`]),
    `Store        ${store}${labsKnown(facts.labs)}`,
  ];
}

function placesOf(redisUrl: string): string {
  const topology = topologyOf(redisUrl);
  if (topology.kind === 'cluster')
    return `the cluster of ${topology.seeds.map(({ name }) => name).join(', ')}`;
  return topology.servers.map(({ url }) => new URL(url).host).join(', ');
}

function labsKnown(labs: number | undefined): string {
  if (labs === undefined) return '';
  if (labs === 0) return '; no lab yet';
  if (labs >= LABS_COUNTED_MAX) return `; ${LABS_COUNTED_MAX} labs or more`;
  return labs === 1 ? '; 1 lab' : `; ${labs} labs`;
}

function firstSteps(
  running: RunningRole,
  config: Config,
  facts: GreetingFacts,
  api: string | undefined,
): string[] {
  const publish = mosquittoPub(running, config, facts);
  const commands = [
    ...(api === undefined ? [] : [postCurl(config, api)]),
    ...(publish === undefined ? [] : [publish]),
    ...(api === undefined ? [] : [summaryCurl(config, api)]),
  ];
  if (commands.length === 0) return [];
  return [
    api === undefined
      ? 'Publish a first observation:'
      : publish === undefined
        ? 'Post a first observation and read its summary:'
        : 'Post or publish a first observation and read its summary:',
    '',
    ...commands.map((command) => `  ${command}`),
    '',
    ...tokenHint(config, facts, api),
    ...(publish === undefined || needsAccount(config)
      ? []
      : [`Or let ten made-up labs publish:  ${facts.command} simulate`]),
  ];
}

function nextSteps(config: Config, facts: GreetingFacts, api: string | undefined): string[] {
  if (api === undefined) return [];
  return [`Read:  ${summaryCurl(config, api)}`, ...tokenHint(config, facts, api)];
}

function postCurl(config: Config, api: string): string {
  return `curl${authorization(config)} -d '${JSON.stringify({ lab_id: LAB, ...OBSERVATION })}' ${api}/observation`;
}

function summaryCurl(config: Config, api: string): string {
  return `curl${authorization(config)} '${api}/summary?offset=0'`;
}

function authorization({ apiTokensFile }: Config): string {
  return apiTokensFile === undefined ? '' : ' -H "Authorization: Bearer $TOKEN"';
}

function tokenHint({ apiTokensFile }: Config, { command }: GreetingFacts, api: string | undefined): string[] {
  if (api === undefined || apiTokensFile === undefined) return [];
  return [`A token that may do both:  TOKEN=$(${quiet(command)} token ${apiTokensFile} NAME --write)`];
}

/** The same command, printing nothing of its own: npm says what it runs, on standard output. */
function quiet(command: string): string {
  return command.replace(/^npm run /, 'npm run --silent ');
}

/**
 * Undefined where it could not be a single line: without a plain listener, and where only devices' own topics
 * are read.
 */
function mosquittoPub(
  running: RunningRole,
  config: Config,
  { interfaces }: GreetingFacts,
): string | undefined {
  const filter = config.mqttTopics.filters[0];
  const broker = plainBroker(running, config, interfaces);
  if (broker === undefined || filter === undefined || !config.sources.includes('labs')) return undefined;
  const topic = filter.replace('+', LAB).replace(/[+#]/g, 'room-1');
  const where = [
    broker.host === '127.0.0.1' ? '' : ` -h ${broker.host}`,
    broker.port === 1883 ? '' : ` -p ${broker.port}`,
    broker.needsAccount ? ' -u USER -P PASSWORD' : '',
  ].join('');
  return `mosquitto_pub${where} -t ${topic} -q 1 -m '${JSON.stringify(OBSERVATION)}'`;
}

/** The broker that observations are published to without TLS, ours or the external one. */
function plainBroker({ broker, worker }: RunningRole, config: Config, interfaces: Interfaces | undefined) {
  if (worker !== undefined) {
    const { protocol, hostname, port, username } = new URL(config.mqttUrls![0]!);
    if (protocol !== 'mqtt:') return undefined;
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    return { host, port: port === '' ? 1883 : Number(port), needsAccount: username !== '' };
  }
  const port = broker?.listeners.find(({ kind }) => kind === 'mqtt')?.port;
  if (port === undefined) return undefined;
  return { host: usableHost(config.mqttHost, interfaces), port, needsAccount: needsAccount(config) };
}

function needsAccount({ mqttUrls, mqttPasswordFile, mqttAllowAnonymous }: Config): boolean {
  if (mqttUrls !== undefined) return new URL(mqttUrls[0]!).username !== '';
  return mqttPasswordFile !== undefined && !mqttAllowAnonymous;
}
