import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener, RequestError } from '@hono/node-server';
import type { Hono } from 'hono';
import type { Logger } from 'pino';
import { addressOf } from './client.js';
import { type ProblemDetails, problemResponse, problemText } from './problem.js';
import { RequestGate } from './request-gate.js';
import { CLIENT_SHARE, Shares, shareOf } from './shares.js';

export interface ServerOptions {
  readonly host: string;
  /** 0 takes any that is free. */
  readonly port: number;
  /** Connections beyond are closed at once. */
  readonly connectionsMax?: number;
  /** What one address may have of them. */
  readonly clientShare?: number;
  /** Aborted when stopping begins, for answers that would never end by themselves. */
  readonly stopping?: AbortController;
  readonly log?: Logger;
}

export interface RunningServer {
  readonly port: number;
  /** Takes no more requests, lets those in flight end, and cuts what is left after `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

const LIMITS = {
  maxHeaderSize: 16 * 1024,
  /** To send the headers; a client that sends them byte by byte does not get more. */
  headersTimeout: 10_000,
  /** To send all of a request. */
  requestTimeout: 30_000,
  /** Between two requests on a connection. */
  keepAliveTimeout: 10_000,
  /** How often the first two are looked at. */
  connectionsCheckingInterval: 1000,
} as const;

const PROBLEM_OF_CODE: Readonly<Record<string, ProblemDetails>> = {
  HPE_HEADER_OVERFLOW: { status: 431, detail: `the headers are longer than ${LIMITS.maxHeaderSize} bytes` },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, detail: 'the request did not come in time' },
};
const NOT_HTTP: ProblemDetails = { status: 400, detail: 'this is not a valid HTTP/1.1 request' };

/** Node takes the first where these are repeated; something in front of it may have taken another. */
const SINGLE_HEADERS = ['host', 'authorization'];

/** Stands where HTTP/1.0 names no host. No answer depends on it. */
const NO_HOST = 'localhost';

/** A connection on which nothing moves, because the client does not read its answer. */
const SILENCE_MS_MAX = 60_000;

/**
 * Serves an app over HTTP/1.1.
 *
 *     listening ──stop──▶ draining ──last connection closed, or cut after graceMs──▶ stopped
 *
 * Draining, it takes no connection, has closed those without a request in flight, and closes each of the others after
 * its last answer.
 * @throws the error of listening, with its `code`: EADDRINUSE, EACCES, EADDRNOTAVAIL, ENOTFOUND.
 */
export async function startServer(app: Hono, options: ServerOptions): Promise<RunningServer> {
  const { host, port, connectionsMax = 1000, clientShare = CLIENT_SHARE, stopping, log } = options;
  const connectionsOf = new Shares(shareOf(connectionsMax, clientShare));
  const gates = new Map<Socket, RequestGate>();
  let stopped: Promise<void> | undefined;

  const answer = getRequestListener(app.fetch, {
    hostname: NO_HOST,
    errorHandler: (error) => unanswerable(error, log),
  });
  // A missing Host is answered below, with a problem document.
  const server = createServer({ ...LIMITS, requireHostHeader: false }, (request, response) => {
    const gate = gates.get(request.socket);
    // The connection is closed already.
    if (gate === undefined) return;
    response.once('close', () => {
      gate.leave();
      if (stopped !== undefined) request.socket.destroySoon();
    });
    gate.enter(response, () => begin(request, response));
  });

  function begin(request: IncomingMessage, response: ServerResponse): void {
    const repeated = SINGLE_HEADERS.find((name) => countOf(name, request.rawHeaders) > 1);
    // RFC 9112 §3.2; HTTP/1.0 needs none.
    const needsHost = request.httpVersionMinor > 0 && !request.headers.host;
    if (repeated !== undefined)
      refuse(response, { status: 400, detail: `the header ${repeated} is given more than once` });
    else if (needsHost) refuse(response, { status: 400, detail: 'the header Host is missing' });
    else void answer(request, response);
  }

  server.maxConnections = connectionsMax;
  server.timeout = SILENCE_MS_MAX;
  server.on('connection', (socket) => {
    const address = addressOf(socket.remoteAddress) ?? '';
    if (!connectionsOf.allows(address, 1)) {
      socket.destroy();
      return;
    }
    connectionsOf.add(address, 1);
    gates.set(socket, new RequestGate(socket));
    socket.once('close', () => {
      gates.delete(socket);
      connectionsOf.add(address, -1);
    });
  });
  // This is no proxy; Node would hang up without a word.
  server.on('connect', (_request, socket) => void socket.end(unreadable(undefined)));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const begun = gates.get(socket)?.isAnswering === true;
    if (begun || !socket.writable) socket.destroy();
    else socket.end(unreadable(error.code));
  });

  function stop(graceMs: number): Promise<void> {
    stopped ??= new Promise((resolve) => {
      stopping?.abort();
      const cut = setTimeout(() => {
        for (const socket of gates.keys()) socket.destroy();
      }, graceMs);
      server.close(() => {
        clearTimeout(cut);
        resolve();
      });
      // Not closeIdleConnections: it leaves connections on which no request has come yet.
      for (const [socket, gate] of gates) if (!gate.isBusy) socket.destroy();
    });
    return stopped;
  }

  await listening(server, host, port);
  server.on('error', (error) => log?.error({ err: error }, 'the HTTP server has trouble with connections'));
  return { port: (server.address() as AddressInfo).port, stop };
}

/** How often a header is given, of names and values in turn. */
function countOf(name: string, rawHeaders: readonly string[]): number {
  return rawHeaders.filter((text, i) => i % 2 === 0 && text.toLowerCase() === name).length;
}

function refuse(response: ServerResponse, problem: ProblemDetails): void {
  response.writeHead(problem.status, { 'content-type': 'application/problem+json', connection: 'close' });
  response.end(problemText(problem));
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** The answer to a request that did not get as far as the app, or that the app did not answer. */
function unanswerable(error: unknown, log: Logger | undefined): Response {
  if (error instanceof RequestError)
    return problemResponse({ status: 400, detail: 'the URL or the Host is not valid' });
  log?.error({ err: error }, 'a request was not answered');
  return problemResponse({ status: 500, detail: 'an error of humtemp itself; its log says more' });
}

/** The answer to bytes that are not an HTTP request, or not in time: as bytes, for there is no response to write to. */
function unreadable(code: string | undefined): string {
  const problem = PROBLEM_OF_CODE[code ?? ''] ?? NOT_HTTP;
  const body = problemText(problem);
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'Connection: close',
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}
