// A wire that can be cut: a TCP relay on loopback between a node and an address that it dials.

import { connect, createServer, type Socket } from 'node:net';

export interface Relay {
  /** What to dial instead, host:port. */
  readonly address: string;
  /** Ends every connection; new ones are ended at once until it is mended. */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

/** Relays to the address (host:port), from a port that the system picks. */
export async function relayTo(address: string): Promise<Relay> {
  const { hostname: host, port } = new URL(`tcp://${address}`);
  const sockets = new Set<Socket>();
  let isCut = false;

  function keep(socket: Socket): void {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  }

  function drop(): void {
    for (const socket of sockets) socket.destroy();
  }

  // Either side may end first, and the other still say its last words.
  const server = createServer({ allowHalfOpen: true }, (near) => {
    keep(near);
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect({ port: Number(port), host: host.replace(/^\[|\]$/g, ''), allowHalfOpen: true });
    keep(far);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      // Hands on what was sent before the end, and then the end, however it came.
      from.pipe(to);
      from.on('error', () => {});
      from.on('close', () => to.destroySoon());
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the relay has no port');
  return {
    address: `127.0.0.1:${bound.port}`,
    cut() {
      isCut = true;
      drop();
    },
    mend() {
      isCut = false;
    },
    close() {
      return new Promise((resolve) => {
        server.close(() => resolve());
        drop();
      });
    },
  };
}
