import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const SLOW_LINK = fileURLToPath(new URL('../../src/scale/slow-link.py', import.meta.url));

/** A host of its own: a network namespace. */
export interface Host {
  readonly name: string;
  /** In front of a command: it runs there. */
  readonly launcher: readonly string[];
}

/** A link between two hosts, whose packets may arrive late or never. */
export interface SlowLink {
  /** @param loss the share of packets that is lost, each way */
  set(delayMs: number, loss: number): void;
}

/**
 * Hosts and the links between them, on Linux, for root: network namespaces. A link is two devices without anything in between, so
 * that no rule of this machine's firewall has a say.
 */
export class Hosts {
  readonly #hosts: Host[] = [];
  readonly #relays: ChildProcess[] = [];
  #links = 0;

  add(name: string): Host {
    const namespace = `ht-${process.pid}-${name}`;
    ip('netns', 'add', namespace);
    const host = { name: namespace, launcher: ['ip', 'netns', 'exec', namespace] };
    this.#hosts.push(host);
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
    return host;
  }

  /** Links this machine to a host. @returns the address of the host. */
  linkFromHere(host: Host): string {
    const [here, there, device, peer] = this.#next();
    ip('link', 'add', device, 'type', 'veth', 'peer', 'name', peer, 'netns', host.name);
    ip('addr', 'add', `${here}/30`, 'dev', device);
    ip('link', 'set', device, 'up');
    ip('-n', host.name, 'addr', 'add', `${there}/30`, 'dev', peer);
    ip('-n', host.name, 'link', 'set', peer, 'up');
    return there;
  }

  /** Links two hosts. @returns the address of the second. */
  async link(one: Host, another: Host): Promise<{ readonly address: string; readonly link: SlowLink }> {
    const [here, there, device, peer] = this.#next();
    const relay = spawn('python3', [SLOW_LINK, device, peer], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#relays.push(relay);
    await once(relay.stdout, 'data');
    for (const [host, name, own, other] of [
      [one, device, here, there],
      [another, peer, there, here],
    ] as const) {
      ip('link', 'set', name, 'netns', host.name);
      ip('-n', host.name, 'addr', 'add', own, 'peer', other, 'dev', name);
      ip('-n', host.name, 'link', 'set', name, 'up');
    }
    return {
      address: there,
      link: { set: (delayMs, loss) => void relay.stdin.write(`${delayMs} ${loss}\n`) },
    };
  }

  /** Nothing comes in at a host from an address any more, or nothing goes out to it. @returns how to undo it. */
  drop(host: Host, way: 'from' | 'to', address: string): () => void {
    const rule = way === 'from' ? ['INPUT', '-s', address] : ['OUTPUT', '-d', address];
    const apply = (action: string) =>
      run([...host.launcher, 'iptables', '-w', action, ...rule, '-j', 'DROP']);
    apply('-A');
    return () => apply('-D');
  }

  /** What ran on the hosts must have ended. */
  async close(): Promise<void> {
    for (const relay of this.#relays) {
      relay.stdin?.end();
      if (relay.exitCode === null) await once(relay, 'exit');
    }
    for (const { name } of this.#hosts) ip('netns', 'del', name);
  }

  #next(): readonly [here: string, there: string, device: string, peer: string] {
    const n = this.#links++;
    const device = `ht${process.pid % 1_000_000}${n}`;
    return [`10.77.${n}.1`, `10.77.${n}.2`, `${device}a`, `${device}b`];
  }
}

function ip(...args: readonly string[]): void {
  run(['ip', ...args]);
}

function run([program, ...args]: readonly string[]): void {
  execFileSync(program!, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}
