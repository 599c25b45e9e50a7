import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  STATUS_CODES,
} from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { WebSocketTransport } from './web-socket-transport.js';

/** MQTT 3.1.1 [MQTT-6.0.0-3], and 3.1 before it. */
const SUBPROTOCOLS = ['mqtt', 'mqttv3.1'];
const WHAT_IS_SPOKEN = `MQTT over WebSocket is spoken here, with the subprotocol ${SUBPROTOCOLS.join(' or ')}.\n`;

export interface WebSocketDoorOptions {
  /** Bytes of one message. */
  readonly messageBytesMax: number;
  /** The handshake is done. */
  readonly onOpen: (transport: Duplex, socket: Duplex) => void;
  readonly onRefused: (socket: Duplex, reason: string) => void;
  /** Why a request is refused by what it says of its page and of whom it means; undefined: it is let in. */
  readonly pageProblem: PageRule | undefined;
}

export type PageRule = (
  headers: IncomingHttpHeaders,
) => { readonly status: number; readonly detail: string } | undefined;

/** Turns a connection that begins with an HTTP request into a WebSocket, at any path; whoever wants no MQTT is told. */
export class WebSocketDoor {
  readonly #http: Server;
  readonly #webSockets: WebSocketServer;

  constructor(readonly options: WebSocketDoorOptions) {
    this.#webSockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: options.messageBytesMax,
      handleProtocols: (offered) => SUBPROTOCOLS.find((name) => offered.has(name)) ?? false,
    });
    this.#http = createServer((request, response) => {
      options.onRefused(request.socket, 'HTTP, where a WebSocket was expected');
      response.writeHead(426, { upgrade: 'websocket', connection: 'close', 'content-type': 'text/plain' });
      response.end(WHAT_IS_SPOKEN);
    });
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#http.on('clientError', (_error, socket) => {
      options.onRefused(socket, 'no HTTP, where a WebSocket was expected');
      answer(socket, 400, WHAT_IS_SPOKEN);
    });
    this.#webSockets.on('wsClientError', (error, socket) => {
      options.onRefused(socket, error.message);
      answer(socket, 400, WHAT_IS_SPOKEN);
    });
  }

  /** Takes a connection, of TCP or TLS. */
  receive(socket: Duplex): void {
    this.#http.emit('connection', socket);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (!offered.some((name) => SUBPROTOCOLS.includes(name))) {
      this.options.onRefused(socket, 'a WebSocket without the subprotocol mqtt');
      answer(socket, 400, WHAT_IS_SPOKEN);
      return;
    }
    const problem = this.options.pageProblem?.(request.headers);
    if (problem !== undefined) {
      this.options.onRefused(socket, problem.detail);
      answer(socket, problem.status, `${problem.detail}\n`);
      return;
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) =>
      this.options.onOpen(new WebSocketTransport(webSocket, socket), socket),
    );
  }
}

function answer(socket: Duplex, status: number, text: string): void {
  if (!socket.writable) return;
  const headers = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: text/plain',
    `Content-Length: ${Buffer.byteLength(text)}`,
  ];
  socket.end(`${headers.join('\r\n')}\r\n\r\n${text}`, () => socket.destroy());
}
