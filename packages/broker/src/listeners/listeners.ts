import type { TapTransport } from '@humtemp/intake';
import type { ConnectionGate } from '../connection/connection-gate.js';
import type { StrangerTurns } from '../connection/stranger-turns.js';
import { Certificate, type CertificateOptions } from './certificate.js';
import { Listener, type ListenerKind } from './listener.js';
import type { PageRule } from './web-socket-door.js';

/** Where to listen. */
export interface ListenerAddress {
  readonly kind: ListenerKind;
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
}

export interface ListenersOptions {
  readonly addresses: readonly ListenerAddress[];
  /** Needed for mqtts and wss. */
  readonly certificate: CertificateOptions | undefined;
  readonly gate: ConnectionGate;
  readonly turns: StrangerTurns;
  readonly handshakeTimeoutMs: number;
  readonly messageBytesMax: number;
  readonly mayUseHandles: boolean;
  readonly pageProblem: PageRule | undefined;
  readonly onConnection: (transport: TapTransport, address: string) => void;
  readonly onRefused: (address: string, reason: string) => void;
}

/** Why one of several listeners could not start. */
export class ListenError extends Error {
  override readonly name = 'ListenError';

  constructor(
    readonly address: ListenerAddress,
    override readonly cause: NodeJS.ErrnoException,
  ) {
    super(cause.message, { cause });
  }

  get code(): string | undefined {
    return this.cause.code;
  }
}

/** All listeners of a broker, and the certificate that they share. */
export class Listeners {
  private constructor(
    readonly all: readonly Listener[],
    readonly certificate: Certificate | undefined,
  ) {}

  /** Listens everywhere, or nowhere. @throws ListenError, CertificateError */
  static async start({ addresses, certificate: files, ...rest }: ListenersOptions): Promise<Listeners> {
    const certificate = files === undefined ? undefined : await Certificate.open(files);
    const listeners = new Listeners(
      addresses.map((address) => new Listener({ ...rest, ...address, certificate })),
      certificate,
    );
    try {
      for (const [i, listener] of listeners.all.entries())
        await listener.listen().catch((error: Error) => {
          throw new ListenError(addresses[i]!, error);
        });
    } catch (error) {
      listeners.close();
      throw error;
    }
    return listeners;
  }

  stopAccepting(): void {
    for (const listener of this.all) listener.stopAccepting();
  }

  close(): void {
    for (const listener of this.all) listener.close();
    this.certificate?.close();
  }
}
