import type { Server } from 'node:net';
import { type Handle, HandleTransport } from './handle-transport.js';

interface AcceptedHandle extends Handle {
  setNoDelay(isOn: boolean): number;
  setKeepAlive(isOn: boolean, afterS: number): number;
  getpeername(into: { address?: string }): number;
}

interface ListeningHandle {
  onconnection: (status: number, accepted: AcceptedHandle | undefined) => void;
}

export interface AcceptOptions {
  /** Silence after which TCP looks whether the other side is still there, seconds. */
  readonly keepAliveS: number;
  /** Nothing is read yet. The address is undefined where the other side has gone already. */
  readonly onAccepted: (transport: HandleTransport, address: string | undefined) => void;
}

/**
 * Has a server that listens hand over its connections without the sockets that Node would make of them: of those that wait,
 * the kernel gives hundreds in one turn of the event loop. Use it only where `canUseHandles()` says so.
 */
export function acceptHandles(server: Server, { keepAliveS, onAccepted }: AcceptOptions): void {
  const { _handle: listening } = server as unknown as { _handle: ListeningHandle };
  listening.onconnection = (_status, accepted) => {
    // The system has no room for one more; the other side is told by the kernel.
    if (accepted === undefined) return;
    accepted.setNoDelay(true);
    accepted.setKeepAlive(true, keepAliveS);
    const peer: { address?: string } = {};
    accepted.getpeername(peer);
    onAccepted(new HandleTransport(accepted), peer.address);
  };
}
