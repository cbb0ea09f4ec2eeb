// Port 0 means 'any free one', picked once and kept, so that a member's address is the same at every start.
// A port is free when it can be bound; it is let go at once, so another program may still take it first.

import { once } from 'node:events';
import { createServer } from 'node:net';
import { Failure } from '../failure.js';
import { type Address, addressText } from './address.js';

/** Pairs of neighbouring ports are nearly always free; a machine where 50 tries fail has none. */
const MAX_TRIES = 50;
const LAST_PORT = 65_535;

/** No port could be bound: `code` is 'cannot-listen'. */
export class CannotListen extends Failure {
  constructor(address: Address, cause: unknown) {
    super('cannot-listen', `cannot listen at ${addressText(address)}: ${(cause as Error).message}`, cause);
  }
}

/**
 * The address with a port of its own when it names port 0. `more` further ports after it are free as well.
 * Throws CannotListen.
 */
export async function withFreePort(address: Address, more = 0): Promise<Address> {
  if (address.port !== 0) return address;
  let last: unknown = new Error('no free port was found');
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const port = await bindOnce(address.host, 0).catch((cause) => {
      throw new CannotListen(address, cause);
    });
    if (port + more > LAST_PORT) continue;
    try {
      for (let next = 1; next <= more; next++) await bindOnce(address.host, port + next);
      return { host: address.host, port };
    } catch (cause) {
      last = cause;
    }
  }
  throw new CannotListen(address, last);
}

async function bindOnce(host: string, port: number): Promise<number> {
  const server = createServer();
  server.listen({ host, port, exclusive: true });
  await once(server, 'listening');
  const bound = (server.address() as { port: number }).port;
  server.close();
  await once(server, 'close');
  return bound;
}
