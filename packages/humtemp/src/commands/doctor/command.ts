import { isRole, ROLES, type Role } from '../../config/role.js';
import { StartError } from '../../start-error.js';
import { commandArguments } from '../command-arguments.js';
import { examine } from './doctor.js';
import { findingsText } from './finding.js';

export const DOCTOR_HELP = `humtemp doctor [ROLE]: looks at everything that humtemp depends on, and says what to change

ROLE is start (the default), broker, worker or api. It looks at the configuration, the files it names, the data folder and
its disk, ports, Redis, the external broker, and clocks. It changes nothing. Run it as the user, and with the
environment, of the process that it is about; if that is running, its own ports are taken. With --url it also asks the API of
a running process as clients do, through whatever stands in front of it.

Exit code: 0 without an error, 1 with one.

  --listen TIME      seconds to listen at an external broker (default 3)
  --url URL          where clients reach the API
  --json             the findings as JSON

  HUMTEMP_MQTT_URL=mqtt://broker.lan humtemp doctor worker
`;

const LISTEN_S_MAX = 600;

/** Runs `humtemp doctor`. @throws StartError with a message for the person who started it. */
export async function doctorCommand(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(DOCTOR_HELP);
    return;
  }
  const { values, positionals } = commandArguments('doctor', argv, {
    listen: { type: 'string' },
    url: { type: 'string' },
    json: { type: 'boolean' },
  });
  const { url } = values;
  if (url !== undefined && !(/^https?:\/\//.test(url) && URL.canParse(url)))
    throw new StartError(`--url ${url}: expected http:// or https:// with a host`);
  const findings = await examine(env, {
    role: roleOf(positionals),
    listenMs: listenMs(values.listen),
    ...(url !== undefined && { url }),
  });
  process.stdout.write(
    values.json === true ? `${JSON.stringify(findings, null, 2)}\n` : findingsText(findings),
  );
  if (findings.some(({ level }) => level === 'error')) process.exitCode = 1;
}

function roleOf([role = 'start', second]: readonly string[]): Role {
  if (second !== undefined) throw new StartError(`one role at a time: ${role} or ${second}`);
  if (!isRole(role)) throw new StartError(`no such role: ${role}; expected ${ROLES.join(', ')}`);
  return role;
}

function listenMs(text = '3'): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds <= LISTEN_S_MAX))
    throw new StartError(`--listen ${text}: expected a number of seconds up to ${LISTEN_S_MAX}`);
  return seconds * 1000;
}
