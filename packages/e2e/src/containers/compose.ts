import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const run = promisify(execFile);

interface Inspected {
  readonly Name: string;
  readonly Config: { readonly User: string };
  readonly HostConfig: {
    readonly ReadonlyRootfs: boolean;
    readonly CapDrop: readonly string[];
    readonly SecurityOpt: readonly string[];
  };
  readonly State: { readonly ExitCode: number; readonly Health?: { readonly Status: string } };
}

/** Runs docker in the root of the clone. @throws with what it printed */
export async function docker(...args: readonly string[]): Promise<string> {
  const { stdout } = await run('docker', args, { cwd: ROOT, env: process.env, maxBuffer: 2 ** 26 });
  return stdout;
}

/** Size and user of an image, and whether it runs without writing and without rights. */
export async function imageReport(image: string): Promise<string> {
  const [inspected] = JSON.parse(await docker('image', 'inspect', image)) as {
    Size: number;
    Config: { User: string };
  }[];
  const rights = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges:true'];
  const version = await docker('run', '--rm', ...rights, image, '--version');
  return `${version.trim()}, ${Math.round(inspected!.Size / 1e6)} MB, user ${inspected!.Config.User}`;
}

/** The services of compose.yaml, as a project of their own. */
export class Compose {
  readonly #project = ['compose', '--project-name', `humtemp-check-${process.pid}`];

  constructor(private readonly env: Readonly<Record<string, string>>) {}

  async run(...args: readonly string[]): Promise<string> {
    const env = { ...process.env, ...this.env };
    const { stdout } = await run('docker', [...this.#project, ...args], {
      cwd: ROOT,
      env,
      maxBuffer: 2 ** 26,
    });
    return stdout;
  }

  log(): Promise<string> {
    return this.run('logs', '--no-color', '--tail', '10');
  }

  /** What its containers may do, which is the same of each. */
  async rightsOf(service: string): Promise<string> {
    const rights = (await this.#inspect(service)).map(({ Config, HostConfig }) =>
      [
        `user ${Config.User}`,
        HostConfig.ReadonlyRootfs ? 'read-only' : 'WRITABLE',
        `without ${HostConfig.CapDrop.join()} capabilities`,
        HostConfig.SecurityOpt.join(),
      ].join(', '),
    );
    return `${rights.length} × ${[...new Set(rights)].join(' | ')}`;
  }

  async areReady(service: string): Promise<boolean> {
    for (const { Name } of await this.#inspect(service))
      if (
        !(await docker('exec', Name.slice(1), 'humtemp-health').then(
          () => true,
          () => false,
        ))
      )
        return false;
    return true;
  }

  /** By turns: a worker that stops, one that is killed, all workers at once, the broker. What was stopped starts again. */
  async fault(turn: number, mayBrokerEnd: boolean): Promise<void> {
    const workers = await this.#inspect('worker');
    const { Name } = workers[turn % workers.length]!;
    const kind = turn % (mayBrokerEnd ? 4 : 3);
    if (kind === 0) await docker('restart', '--time', '20', Name.slice(1));
    else if (kind === 1) {
      await docker('kill', Name.slice(1));
      await docker('start', Name.slice(1));
    } else if (kind === 2) await this.run('restart', '--timeout', '20', 'worker');
    else await this.run('restart', '--timeout', '20', 'mosquitto');
  }

  /** Of all that have stopped. */
  async exitCodes(): Promise<string> {
    const all = await Promise.all(['worker', 'api', 'redis', 'mosquitto'].map((name) => this.#inspect(name)));
    return all
      .flat()
      .map(({ Name, State }) => `${Name.replace(/^.*-(\w+-\d+)$/, '$1')} ${State.ExitCode}`)
      .join(', ');
  }

  async #inspect(service: string): Promise<Inspected[]> {
    const ids = (await this.run('ps', '--all', '--quiet', service)).trim().split('\n');
    return JSON.parse(await docker('inspect', ...ids)) as Inspected[];
  }
}
