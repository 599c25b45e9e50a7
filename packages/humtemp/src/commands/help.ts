import { VARIABLES } from '../config/variables.js';

/** `humtemp --help`: every command, every variable, its default and meaning. */
export function help(): string {
  const variables = Object.values(VARIABLES).map(
    ({ name, default: fallback, meaning }) =>
      `  ${name}${fallback === undefined ? '' : ` (${fallback === '' ? 'empty' : fallback})`}\n      ${meaning}`,
  );
  return `humtemp: temperature and humidity from MQTT, in per-lab time buckets, over HTTP

Usage: humtemp COMMAND

Commands:
  start            all roles in one process; embedded broker and store unless configured otherwise
  broker           the embedded MQTT broker alone
  worker           subscribes to an external broker (HUMTEMP_MQTT_URL), aggregates into Redis
  api              the HTTP API alone
  simulate         publishes what realistic labs would          (simulate --help)
  replay FILE.csv  publishes the rows of a file                 (replay --help)
  passwd FILE USER adds accounts for the embedded broker        (passwd --help)
  token FILE NAME  adds tokens for the HTTP API                 (token --help)

  --help, -h       this text
  --version        the version

Environment variables, with their defaults:
${variables.join('\n')}

Durations are seconds, or 90s, 5m, 1h, 7d, 2w; at most 24d, unless more is said.
User and password in a URL: %25 for %, %2F for /, %40 for @, %23 for #, %3F for ?.

Exit codes: 0 stopped as asked, 1 failed while running, 2 could not start.
`;
}
