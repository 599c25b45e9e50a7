import { arch, cpus, loadavg, platform, release, tmpdir } from 'node:os';
import { versionOf } from './processes/find-program.js';

/** On what, with what and how it was measured. */
export function machine(argv: readonly string[]) {
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    system: `${platform()} ${release()} ${arch()}`,
    loadAverage: loadavg()[0]!,
    versions: [
      `node ${process.version.slice(1)}`,
      versionOf('mosquitto', '-h'),
      versionOf('redis-server', '--version'),
    ],
    dataFolder: tmpdir(),
    command: ['npm run bench --', ...argv].join(' '),
  };
}

/** The same as a few lines. */
export function headerOf(figures: ReturnType<typeof machine>): string {
  const { date, cpu, cores, system, loadAverage, versions, dataFolder, command } = figures;
  return (
    `${date.slice(0, 16).replace('T', ' ')} UTC, ${cores} × ${cpu}, ${system}, load average ${loadAverage.toFixed(1)}\n` +
    `${versions.join(', ')}; stores in ${dataFolder}\n` +
    `${command}\n`
  );
}
