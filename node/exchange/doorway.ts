// Where connections come in, before anybody knows whose they are. Each waits here until it carries a stream of a
// member; of those that wait there is a bounded number, and the address that has most of them gives one up first,
// so that a crowd from one place keeps nobody out who comes from another.

import { createServer, type Socket } from 'node:net';
import { Failure } from '../failure.js';
import { addressText } from '../home/address.js';

/**
 * Connections without a stream, at some 60 KB each. All the members of a federation that come back at once after
 * the hub was away are fewer.
 */
export const MAX_WAITING = 512;

/** A connection that carries a stream. */
export interface Guest {
  /** Undefined when the connection has ended already. */
  readonly socket: Socket | undefined;
  /** The stream has ended. */
  left(): void;
  /** Ends the connection, whatever it still carries. */
  cut(): void;
}

export interface Doorway {
  readonly port: number;
  /** The connection from there carries a stream. */
  entered(remote: string): Guest;
  close(): Promise<void>;
}

/** Opens the door at host:port (0 = a free one). Throws Failure cannot-listen. */
export async function openDoorway(
  host: string,
  port: number,
  onConnection: (socket: Socket) => void,
): Promise<Doorway> {
  const all = new Map<string, { readonly socket: Socket; readonly address: string; streams: number }>();
  /** Connections without a stream by address, each in the order in which they came. */
  const waiting = new Map<string, Set<Socket>>();
  let waits = 0;

  function startWaiting(socket: Socket, address: string): void {
    const crowd = waiting.get(address) ?? new Set();
    waiting.set(address, crowd.add(socket));
    if (++waits <= MAX_WAITING) return;
    const [full, [oldest]] = largestCrowd();
    stopWaiting(oldest as Socket, full);
    oldest?.destroy();
  }

  function stopWaiting(socket: Socket, address: string): void {
    const crowd = waiting.get(address);
    if (crowd?.delete(socket) !== true) return;
    waits--;
    if (crowd.size === 0) waiting.delete(address);
  }

  function largestCrowd(): [string, Set<Socket>] {
    return [...waiting].reduce((largest, crowd) => (crowd[1].size > largest[1].size ? crowd : largest));
  }

  const server = createServer({ noDelay: true }, (socket) => {
    const { remoteAddress = '', remotePort = 0 } = socket;
    // As gRPC names a peer.
    const remote = `${remoteAddress}:${remotePort}`;
    all.set(remote, { socket, address: remoteAddress, streams: 0 });
    socket.on('error', () => {});
    socket.on('close', () => {
      stopWaiting(socket, remoteAddress);
      if (all.get(remote)?.socket === socket) all.delete(remote);
    });
    startWaiting(socket, remoteAddress);
    onConnection(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new Failure(
          'cannot-listen',
          `cannot listen at ${addressText({ host, port })}: ${error.message}`,
          error,
        ),
      ),
    );
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as { port: number }).port,
    entered(remote) {
      const connection = all.get(remote);
      if (connection === undefined) return { socket: undefined, left: () => {}, cut: () => {} };
      const { socket, address } = connection;
      if (++connection.streams === 1) stopWaiting(socket, address);
      return {
        socket,
        left() {
          if (--connection.streams === 0 && !socket.destroyed) startWaiting(socket, address);
        },
        cut: () => socket.destroy(),
      };
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const { socket } of all.values()) socket.destroy();
      await closed;
    },
  };
}
