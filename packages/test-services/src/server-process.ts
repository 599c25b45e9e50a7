import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PortTaken } from './free-port.js';
import { signalGroup } from './process-signal.js';
import type { ServiceSource } from './program-source.js';
import { untilAnswering } from './readiness.js';
import { note, unnote } from './scratch-folder.js';
import type { ServerRecipe } from './server-recipe.js';
import type { Service } from './service.js';
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.js';

const host = '127.0.0.1';
const terminationMsMax = 30_000;

/**
 * Starts an installed program as a private server on a port of the loopback interface.
 * @throws PortTaken when the program could not get the port; Error with its output when it ended otherwise
 */
export async function startServerProcess(
  recipe: ServerRecipe,
  source: ServiceSource,
  program: string,
  port: number,
): Promise<Service> {
  const folder = await temporaryFolder(recipe.program);
  const dataFolder = join(folder.path, 'data');
  const place = {
    listenAddress: host,
    port,
    configFolder: folder.path,
    dataFolder,
    startedAsRoot: process.getuid?.() === 0,
  };
  await mkdir(dataFolder);
  for (const [name, content] of Object.entries(recipe.files(place)))
    await writeFile(join(folder.path, name), content);
  const server = new ServerProcess(recipe, source, program, port, folder);
  try {
    await server.start();
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}

/** The states are those of `Service`; `child` is undefined while dead. */
class ServerProcess implements Service {
  readonly host = host;
  readonly url: string;
  #child: ChildProcess | undefined;
  #closed = false;
  #printed = '';

  constructor(
    private readonly recipe: ServerRecipe,
    readonly source: ServiceSource,
    private readonly program: string,
    readonly port: number,
    private readonly folder: TemporaryFolder,
  ) {
    this.url = `${recipe.urlScheme}://${host}:${port}`;
  }

  readonly log = () => this.#printed;

  async peerAddress() {
    return { host, port: this.port };
  }

  async start(): Promise<void> {
    if (this.#closed) throw new Error(`${this.recipe.program} on port ${this.port} is closed`);
    if (this.#child) throw new Error(`${this.recipe.program} on port ${this.port} runs already`);
    const printedBefore = this.#printed.length;
    await this.#spawn();
    await untilAnswering(this.recipe.answers, host, this.port, async () => {
      if (this.#child) return undefined;
      const output = this.#printed.slice(printedBefore);
      return /address already in use/i.test(output)
        ? new PortTaken(`port ${this.port} is taken`)
        : new Error(`${this.recipe.program} ended instead of starting:\n${output}`);
    });
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async terminate(): Promise<void> {
    const limit = setTimeout(() => this.#signal('SIGKILL'), terminationMsMax);
    try {
      const ended = this.#end('SIGTERM');
      await this.thaw();
      if ((await ended) === 'SIGKILL')
        throw new Error(
          `${this.recipe.program} ignored SIGTERM for ${terminationMsMax / 1000} s:\n${this.#printed}`,
        );
    } finally {
      clearTimeout(limit);
    }
  }

  async freeze(): Promise<void> {
    this.#signal('SIGSTOP');
  }

  async thaw(): Promise<void> {
    this.#signal('SIGCONT');
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.kill();
    await this.folder.remove();
  }

  async #spawn(): Promise<void> {
    // A process group of its own: the signals reach its children too (Redis forks to save), and Ctrl-C does not.
    const child = spawn(this.program, this.recipe.commandArguments(this.folder.path), {
      cwd: this.folder.path,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    child.stdout.setEncoding('utf8').on('data', (printed: string) => {
      this.#printed += printed;
    });
    child.stderr.setEncoding('utf8').on('data', (printed: string) => {
      this.#printed += printed;
    });
    await once(child, 'spawn');
    const group = String(child.pid);
    note('process-groups', group);
    this.#child = child;
    child.on('close', () => {
      unnote('process-groups', group);
      this.#child = undefined;
    });
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#child?.pid) signalGroup(this.#child.pid, signal);
  }

  /** Returns the signal that the process died of, if it was one. */
  async #end(signal: NodeJS.Signals): Promise<NodeJS.Signals | null> {
    if (!this.#child) return null;
    const closed = once(this.#child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
    this.#signal(signal);
    return (await closed)[1];
  }
}
