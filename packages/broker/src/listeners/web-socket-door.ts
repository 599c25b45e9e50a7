import { createServer, type IncomingMessage, type Server } from 'node:http';
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
}

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
      answerBadRequest(socket);
    });
    this.#webSockets.on('wsClientError', (error, socket) => {
      options.onRefused(socket, error.message);
      answerBadRequest(socket);
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
      answerBadRequest(socket);
      return;
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) =>
      this.options.onOpen(new WebSocketTransport(webSocket), socket),
    );
  }
}

function answerBadRequest(socket: Duplex): void {
  if (!socket.writable) return;
  const headers = [
    'HTTP/1.1 400 Bad Request',
    'Connection: close',
    'Content-Type: text/plain',
    `Content-Length: ${WHAT_IS_SPOKEN.length}`,
  ];
  socket.end(`${headers.join('\r\n')}\r\n\r\n${WHAT_IS_SPOKEN}`, () => socket.destroy());
}
