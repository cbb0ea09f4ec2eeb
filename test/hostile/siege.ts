// Strangers at the door: crowds of connections that do nothing, and single ones that say the wrong thing.

import { connect as connectPlain, type Socket } from 'node:net';
import { type ConnectionOptions, connect, createSecureContext } from 'node:tls';
import type { TlsIdentity } from '../../node/exchange/tls.js';

/** Another host on loopback, so that the crowd does not stand in the place of honest members. */
const ELSEWHERE = '127.0.0.2';
/** Opened at a time: a crowd grows as fast as it is let in, and this process is the crowd and the door. */
const AT_A_TIME = 20;

export interface Crowd {
  /** Connections that are open now. */
  open(): number;
  /** Resolves when none is open any more. */
  readonly gone: Promise<void>;
  disperse(): void;
}

export interface Door {
  readonly host: string;
  readonly port: number;
}

/** So many TCP connections that never say a word. */
export function silentCrowd(door: Door, count: number): Promise<Crowd> {
  return crowd(count, () => {
    const socket = connectPlain({ ...door, localAddress: ELSEWHERE });
    return { socket, ready: 'connect' };
  });
}

/** So many connections with TLS done, by a member's certificate, and no stream. */
export async function idleCrowd(door: Door, count: number, tls: TlsIdentity): Promise<Crowd> {
  const options = {
    ...memberTls(door, tls),
    secureContext: createSecureContext({
      ca: tls.rootPem,
      cert: tls.leafPem + tls.issuingPem,
      key: tls.keyPem,
    }),
    localAddress: ELSEWHERE,
  };
  // One handshake in full; the others go on from it, which is all that it costs an attacker.
  const session = await new Promise<Buffer>((resolve, reject) => {
    const first = connect(options);
    first.on('error', reject);
    first.once('session', (ticket) => {
      resolve(ticket);
      first.destroy();
    });
  });
  return crowd(count, () => ({ socket: connect({ ...options, session }), ready: 'secureConnect' }));
}

async function crowd(
  count: number,
  come: () => { readonly socket: Socket; readonly ready: string },
): Promise<Crowd> {
  const all = new Set<Socket>();
  let isGone = (): void => {};
  const gone = new Promise<void>((resolve) => {
    isGone = resolve;
  });
  let left = count;
  async function keepComing(): Promise<void> {
    while (left-- > 0) {
      const { socket, ready } = come();
      all.add(socket);
      await new Promise<void>((resolve) => {
        socket.once(ready, resolve);
        socket.on('error', () => {});
        socket.on('close', () => {
          all.delete(socket);
          if (all.size === 0 && left <= 0) isGone();
          resolve();
        });
        socket.resume();
      });
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, keepComing));
  return {
    open: () => all.size,
    gone,
    disperse: () => {
      for (const socket of all) socket.destroy();
    },
  };
}

export function memberTls(door: Door, tls: TlsIdentity): ConnectionOptions {
  return {
    ...door,
    ca: tls.rootPem,
    cert: tls.leafPem + tls.issuingPem,
    key: tls.keyPem,
    ALPNProtocols: ['h2'],
    checkServerIdentity: () => undefined,
  };
}

export interface End {
  /** The code of the error, or `closed`. */
  readonly how: string;
  /** What the other side had said by then, above TLS if that is spoken. */
  readonly heardBytes: number;
}

/** Connects, says the bytes if any, and resolves with how the other side ended the connection. */
export function endOf(socket: Socket, ready: string, bytes: Uint8Array): Promise<End> {
  return new Promise((resolve) => {
    let how = 'closed';
    let heardBytes = 0;
    socket.once(ready, () => bytes.length > 0 && socket.write(bytes));
    socket.on('data', (data) => {
      heardBytes += data.length;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      how = error.code ?? error.message;
    });
    socket.on('close', () => resolve({ how, heardBytes }));
  });
}
