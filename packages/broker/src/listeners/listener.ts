import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import { StreamTransport, type TapTransport } from '@humtemp/intake';
import type { ConnectionGate } from '../connection/connection-gate.js';
import type { StrangerTurns } from '../connection/stranger-turns.js';
import { acceptHandles } from './accept-handles.js';
import type { Certificate } from './certificate.js';
import type { HandleTransport } from './handle-transport.js';
import { type PageRule, WebSocketDoor } from './web-socket-door.js';

/** TCP, TLS, WebSocket and WebSocket over TLS, by the protocol of a URL. */
export type ListenerKind = 'mqtt' | 'mqtts' | 'ws' | 'wss';

export interface ListenerOptions {
  readonly kind: ListenerKind;
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** For mqtts and wss. */
  readonly certificate: Certificate | undefined;
  readonly gate: ConnectionGate;
  /** In which newcomers are begun with. */
  readonly turns: StrangerTurns;
  /** Time for the handshakes of TLS and WebSocket. */
  readonly handshakeTimeoutMs: number;
  /** Whether plain connections may go without the streams of Node: see `canUseHandles`. */
  readonly mayUseHandles: boolean;
  /** Bytes of one WebSocket message. */
  readonly messageBytesMax: number;
  /** Which pages may open a WebSocket; undefined: all. */
  readonly pageProblem: PageRule | undefined;
  /** What carries MQTT bytes, and the address at its other end. */
  readonly onConnection: (transport: TapTransport, address: string) => void;
  /** A connection that came to nothing. */
  readonly onRefused: (address: string, reason: string) => void;
}

interface Shaking {
  readonly address: string;
  /** Undefined: its handshake waits for its turn. */
  timer: NodeJS.Timeout | undefined;
}

/** Dead peers are found by TCP after about this time of silence, and its probes. */
const TCP_KEEP_ALIVE_S = 60;

/**
 * Listens on a port and makes MQTT transports of what comes:
 *
 *     TCP ──▶ room for one more? ──▶ TLS, if it is mqtts or wss ──▶ WebSocket, if it is ws or wss ──▶ onConnection
 *              │ no                   └──────── in time, or it is closed ────────┘
 *              ▼
 *            closed
 */
export class Listener {
  readonly #tcp: Server;
  readonly #usesHandles: boolean;
  readonly #tls: TlsServer | undefined;
  readonly #door: WebSocketDoor | undefined;
  /** Connections whose handshakes are not done, as TCP knows them. */
  readonly #shaking = new Map<Socket, Shaking>();
  #isClosed = false;

  constructor(readonly options: ListenerOptions) {
    const { kind, certificate, messageBytesMax, pageProblem } = options;
    this.#usesHandles = kind === 'mqtt' && options.mayUseHandles;
    this.#tcp = createTcpServer(
      {
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: TCP_KEEP_ALIVE_S * 1000,
      },
      (socket) => this.#accept(socket),
    );
    if (kind === 'mqtts' || kind === 'wss') {
      if (certificate === undefined) throw new Error(`a listener for ${kind} needs a certificate`);
      this.#tls = createTlsServer(certificate.pem, (socket) => this.#beyondTls(socket));
      this.#tls.on('tlsClientError', (error, socket) => this.#refuse(socket, `TLS: ${reasonOf(error)}`));
      certificate.keep(this.#tls);
    }
    if (kind === 'ws' || kind === 'wss')
      this.#door = new WebSocketDoor({
        messageBytesMax,
        pageProblem,
        onOpen: (transport, socket) => this.#handOver(transport, socket),
        onRefused: (socket, reason) => this.#tellRefused(socket, reason),
      });
  }

  /** @throws the listen error: EADDRINUSE, EACCES, EADDRNOTAVAIL. */
  listen(): Promise<void> {
    const { host, port } = this.options;
    return new Promise((resolve, reject) => {
      this.#tcp.once('error', reject);
      this.#tcp.listen(port, host, () => {
        this.#tcp.off('error', reject);
        if (this.#usesHandles)
          acceptHandles(this.#tcp, {
            keepAliveS: TCP_KEEP_ALIVE_S,
            onAccepted: (transport, address) => this.#acceptHandle(transport, plainAddress(address)),
          });
        resolve();
      });
    });
  }

  get kind(): ListenerKind {
    return this.options.kind;
  }

  get port(): number {
    const address = this.#tcp.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  stopAccepting(): void {
    this.#isClosed = true;
    this.#tcp.close();
  }

  /** Also ends what is still shaking hands. */
  close(): void {
    this.stopAccepting();
    for (const socket of this.#shaking.keys()) socket.destroy();
  }

  #accept(socket: Socket): void {
    const address = plainAddress(socket.remoteAddress);
    if (this.#letsIn(address)) this.#begin(socket, address);
    else socket.destroy();
  }

  /** What it has to say is read in its turn. */
  #acceptHandle(transport: HandleTransport, address: string): void {
    if (!this.#letsIn(address)) {
      transport.destroy();
      return;
    }
    transport.whenClosed(() => this.options.gate.leave(address));
    this.options.turns.add(() => {
      if (this.#isClosed) transport.destroy();
      else this.options.onConnection(transport, address);
    });
  }

  #letsIn(address: string): boolean {
    const { gate, onRefused } = this.options;
    const refusal = gate.enter(address);
    if (refusal !== undefined) onRefused(address, refusal);
    return refusal === undefined;
  }

  #begin(socket: Socket, address: string): void {
    const { gate } = this.options;
    socket.once('close', () => gate.leave(address));
    if (this.#tls === undefined && this.#door === undefined) {
      this.options.onConnection(new StreamTransport(socket), address);
      return;
    }
    socket.on('error', () => {});
    const shaking: Shaking = { address, timer: undefined };
    this.#shaking.set(socket, shaking);
    this.#limitTime(socket, shaking);
    socket.once('close', () => this.#endShaking(socket));
    if (this.#tls === undefined) this.#door!.receive(socket);
    // Once it says something: then what the handshake costs falls into its turn. That it has to wait is our fault.
    else
      socket.once('readable', () => {
        clearTimeout(shaking.timer);
        this.options.turns.add(() => this.#shakeHands(socket));
      });
  }

  #limitTime(socket: Socket, shaking: Shaking): void {
    shaking.timer = setTimeout(
      () => this.#refuse(socket, 'no handshake in time'),
      this.options.handshakeTimeoutMs,
    );
  }

  #shakeHands(socket: Socket): void {
    const shaking = this.#shaking.get(socket);
    if (shaking === undefined) return;
    this.#limitTime(socket, shaking);
    this.#tls!.emit('connection', socket);
  }

  #beyondTls(socket: TLSSocket): void {
    socket.on('error', () => {});
    if (this.#door !== undefined) this.#door.receive(socket);
    else this.#handOver(socket, socket);
  }

  #handOver(transport: Duplex, socket: Duplex): void {
    const address = this.#endShaking(tcpOf(socket));
    if (address === undefined) transport.destroy();
    else this.options.onConnection(new StreamTransport(transport), address);
  }

  #refuse(socket: Duplex, reason: string): void {
    this.#tellRefused(socket, reason);
    tcpOf(socket).destroy();
  }

  #tellRefused(socket: Duplex, reason: string): void {
    const shaking = this.#shaking.get(tcpOf(socket));
    if (shaking !== undefined) this.options.onRefused(shaking.address, reason);
  }

  /** @returns the address of the connection; undefined if it was not shaking hands any more. */
  #endShaking(socket: Socket): string | undefined {
    const shaking = this.#shaking.get(socket);
    clearTimeout(shaking?.timer);
    this.#shaking.delete(socket);
    return shaking?.address;
  }
}

/** The TCP connection below TLS; Node has no public name for it. */
function tcpOf(socket: Duplex): Socket {
  return (socket as { readonly _parent?: Socket })._parent ?? (socket as Socket);
}

/** Without the place in OpenSSL's source. */
function reasonOf(error: Error): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}

/** An IPv4 address as IPv4 writes it, also where the listener is one of IPv6. */
function plainAddress(address: string | undefined): string {
  return (address ?? 'unknown').replace(/^::ffff:(?=\d+\.)/, '');
}
