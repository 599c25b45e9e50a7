import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ContainerRuntimeClient,
  GenericContainer,
  getContainerRuntimeClient,
  type WaitStrategy,
} from 'testcontainers';
import { requireImage } from './container-image.js';
import { PortTaken } from './free-port.js';
import { SourceUnavailable } from './program-source.js';
import { untilAnswering } from './readiness.js';
import { note, unnote } from './scratch-folder.js';
import type { ServerRecipe } from './server-recipe.js';
import type { Service } from './service.js';

type Container = ReturnType<ContainerRuntimeClient['container']['getById']>;

const configFolder = '/humtemp';
const loopback = '127.0.0.1';
const terminationMsMax = 30_000;

// Every test removes its containers, and the guard does for those that could not; the reaper would be one more image.
process.env.TESTCONTAINERS_RYUK_DISABLED ??= 'true';

/**
 * Starts an image as a private server, its port published on `port`.
 * @throws SourceUnavailable when the engine cannot run it; PortTaken when the port is not free after all; Error with
 * the server's output when it ended instead of starting
 */
export async function startServerContainer(recipe: ServerRecipe, port: number): Promise<Service> {
  const client = await getContainerRuntimeClient().catch((error: Error) => {
    throw new SourceUnavailable(error.message);
  });
  await requireImage(client, recipe.image);
  const engineHost = client.info.containerRuntime.host;
  const isLocal = engineHost === 'localhost' || engineHost === loopback;
  const server = new ServerContainer(recipe, client, isLocal ? loopback : engineHost, port);
  try {
    await server.create(isLocal);
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}

/** A container that publishes its port on the loopback interface only, and is noted before it is started. */
class NotedContainer extends GenericContainer {
  id: string | undefined;

  constructor(
    image: string,
    private readonly loopbackOnly: boolean,
  ) {
    super(image);
  }

  protected override async beforeContainerCreated(): Promise<void> {
    if (!this.loopbackOnly) return;
    const bindings = this.hostConfig.PortBindings as Record<string, { HostPort: string; HostIp?: string }[]>;
    for (const binding of Object.values(bindings).flat()) binding.HostIp = loopback;
  }

  protected override async containerCreated(id: string): Promise<void> {
    this.id = id;
    note('containers', id);
  }
}

/** Our own wait for an answer follows the start, the same for the first start and for the later ones. */
const noWait: WaitStrategy = {
  waitUntilReady: async () => {},
  withStartupTimeout: () => noWait,
  isStartupTimeoutSet: () => true,
  getStartupTimeout: () => 0,
};

/** The states are those of `Service`. The engine knows them; nothing here repeats them but being closed. */
class ServerContainer implements Service {
  readonly source = 'docker';
  readonly url: string;
  #container: Container | undefined;
  #closing: Promise<void> | undefined;
  #printed = '';

  constructor(
    private readonly recipe: ServerRecipe,
    private readonly client: ContainerRuntimeClient,
    readonly host: string,
    readonly port: number,
  ) {
    this.url = `${recipe.urlScheme}://${host}:${port}`;
  }

  readonly log = () => this.#printed;

  async peerAddress() {
    const networks = Object.values((await this.#container?.inspect())?.NetworkSettings.Networks ?? {});
    const host = networks.find(({ IPAddress }) => IPAddress !== '')?.IPAddress;
    if (host === undefined) throw new Error(`the container of ${this.recipe.image} has no address`);
    return { host, port: this.recipe.imagePort };
  }

  /** Creates the container and starts it for the first time. */
  async create(loopbackOnly: boolean): Promise<void> {
    const { recipe } = this;
    const files = recipe.files({
      listenAddress: '0.0.0.0',
      port: recipe.imagePort,
      configFolder,
      dataFolder: recipe.imageDataFolder,
      startedAsRoot: false,
    });
    const container = new NotedContainer(recipe.image, loopbackOnly)
      .withCommand([recipe.program, ...recipe.commandArguments(configFolder)])
      .withCopyContentToContainer(
        Object.entries(files).map(([name, content]) => ({
          target: `${configFolder}/${name}`,
          content,
          mode: 0o644,
        })),
      )
      .withExposedPorts(
        { container: recipe.imagePort, host: this.port },
        ...recipe.furtherPorts.map((port) => ({ container: port, host: port })),
      )
      .withDefaultLogDriver()
      .withWaitStrategy(noWait);
    try {
      await container.start();
    } catch (error) {
      if (container.id) this.#container = this.client.container.getById(container.id);
      throw (await this.#endedEarly()) ?? startFailure(error as Error);
    }
    if (!container.id) throw new Error(`testcontainers did not name the container of ${recipe.image}`);
    this.#container = this.client.container.getById(container.id);
    await this.#followLog();
    await this.#untilReady();
  }

  async start(): Promise<void> {
    if (this.#closing) throw new Error(`${this.recipe.program} on port ${this.port} is closed`);
    if (await this.#isRunning()) throw new Error(`${this.recipe.program} on port ${this.port} runs already`);
    await this.#container?.start();
    await this.#followLog();
    await this.#untilReady();
  }

  async kill(): Promise<void> {
    await this.#signal('SIGKILL');
    await this.#gone();
  }

  async terminate(): Promise<void> {
    const limit = new AbortController();
    await this.#signal('SIGTERM');
    await this.thaw();
    const tooLong = sleep(terminationMsMax, 'too long', { signal: limit.signal }).catch(() => undefined);
    const outcome = await Promise.race([this.#gone(), tooLong]);
    limit.abort();
    if (outcome === 'too long') {
      await this.kill();
      throw new Error(
        `${this.recipe.program} ignored SIGTERM for ${terminationMsMax / 1000} s:\n${this.#printed}`,
      );
    }
  }

  // Signals, not the engine's pause: a paused container can be neither signalled nor killed.
  async freeze(): Promise<void> {
    await this.#signal('SIGSTOP');
  }

  async thaw(): Promise<void> {
    await this.#signal('SIGCONT');
  }

  close(): Promise<void> {
    this.#closing ??= this.#remove();
    return this.#closing;
  }

  async #remove(): Promise<void> {
    if (!this.#container) return;
    // Killed first for the end of its log only: removing is by force.
    await this.kill().catch(() => undefined);
    await this.#container.remove({ force: true, v: true }).catch(unlessStatus(404));
    unnote('containers', this.#container.id);
    this.#container = undefined;
  }

  async #signal(signal: NodeJS.Signals): Promise<void> {
    // 409: it is not running.
    await this.#container?.kill({ signal }).catch(unlessStatus(409));
  }

  async #gone(): Promise<void> {
    await this.#container?.wait();
    await this.#readLog();
  }

  async #isRunning(): Promise<boolean> {
    return (await this.#container?.inspect())?.State.Running ?? false;
  }

  #untilReady(): Promise<void> {
    return untilAnswering(this.recipe.answers, this.host, this.port, () => this.#endedEarly());
  }

  /** Why a server that was started does not run; undefined when it runs, or never came to run at all. */
  async #endedEarly(): Promise<Error | undefined> {
    const state = (await this.#container?.inspect())?.State;
    if (state?.Status !== 'exited') return undefined;
    await this.#readLog();
    return new Error(`${this.recipe.program} ended instead of starting:\n${this.#printed}`);
  }

  /**
   * Gathers what the container prints until it ends. The stream begins with the first start: the engine notes the time
   * of a start only after the server may have printed something, so there is no asking for "since then".
   */
  async #followLog(): Promise<void> {
    if (!this.#container) return;
    let printed = '';
    const stream = await this.client.container.logs(this.#container);
    stream.on('data', (more: string) => {
      printed += more;
      if (printed.length > this.#printed.length) this.#printed = printed;
    });
  }

  /** Reads all that the ended container printed; the stream may be behind. */
  async #readLog(): Promise<void> {
    const frames = await this.#container?.logs({ stdout: true, stderr: true, follow: false });
    if (frames) this.#printed = textOfFrames(frames);
  }
}

/** The engine's log format: frames of one byte stream number, three zeros, four bytes length, and the text. */
function textOfFrames(frames: Buffer): string {
  const texts: Buffer[] = [];
  for (let start = 0; start + 8 <= frames.length; ) {
    const end = start + 8 + frames.readUInt32BE(start + 4);
    texts.push(frames.subarray(start + 8, end));
    start = end;
  }
  return Buffer.concat(texts).toString();
}

function startFailure(error: Error): Error {
  return /port is already allocated|address already in use/i.test(error.message)
    ? new PortTaken(error.message)
    : new SourceUnavailable(`the engine cannot run it: ${error.message}`);
}

/** For `catch`: rethrows all but the engine's answers with this HTTP status. */
function unlessStatus(status: number): (error: { statusCode?: number }) => void {
  return (error) => {
    if (error.statusCode !== status) throw error;
  };
}
