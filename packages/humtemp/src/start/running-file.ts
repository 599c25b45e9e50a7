import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a second start on the same data folder says of the first. */
export interface RunningProcess {
  readonly pid: number;
  readonly startedMs: number;
  /** URLs of the listeners of the MQTT broker. */
  readonly mqtt: readonly string[];
  readonly api: string | undefined;
}

const FILE_NAME = 'process.json';

/** Records this process in its data folder. It is a convenience: if it fails, humtemp runs all the same. */
export function writeRunningFile(dataDir: string, running: RunningProcess): void {
  try {
    writeFileSync(join(dataDir, FILE_NAME), `${JSON.stringify(running)}\n`, { mode: 0o600 });
  } catch {
    // A full or read-only disk has other ways to make itself known.
  }
}

export function removeRunningFile(dataDir: string): void {
  try {
    rmSync(join(dataDir, FILE_NAME), { force: true });
  } catch {
    // The next start writes it anew.
  }
}

/**
 * Who uses this data folder. Only for a folder whose lock is held: a killed process leaves its file behind.
 * @returns undefined if it has not got so far.
 */
export function readRunningFile(dataDir: string): RunningProcess | undefined {
  try {
    const running = JSON.parse(readFileSync(join(dataDir, FILE_NAME), 'utf8')) as RunningProcess;
    return Number.isInteger(running.pid) && Array.isArray(running.mqtt) ? running : undefined;
  } catch {
    return undefined;
  }
}

/** The sentence of a second start. */
export function runningAlready(dataDir: string): string {
  const running = readRunningFile(dataDir);
  if (running === undefined)
    return `HUMTEMP_DATA_DIR=${dataDir}: another process uses this folder; stop it, or set the variable to another folder`;
  const { pid, mqtt, api } = running;
  const where = [
    `process ${pid}`,
    ...(mqtt.length === 0 ? [] : [`MQTT at ${mqtt.join(', ')}`]),
    ...(api === undefined ? [] : [`HTTP at ${api}`]),
  ].join(', ');
  return (
    `humtemp is running already: ${where}, data in ${dataDir}\n` +
    `  to stop it: kill ${pid}\n  to run a second one: give it a HUMTEMP_DATA_DIR, a HUMTEMP_MQTT_PORT and a HUMTEMP_API_PORT of its own`
  );
}
