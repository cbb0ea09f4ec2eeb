// Where a node listens or is dialled: host:port, an IPv6 address in brackets.
//
//   nl.icse.example:7001     192.0.2.7:7001     [2001:db8::7]:7001

import { isIPv4, isIPv6 } from 'node:net';
import { BadHost, canonicalHost } from '../../certs/hosts.js';
import { Failure } from '../failure.js';
import { quoted } from '../statements/quoted.js';

const MAX_PORT = 65_535;

/** Text that is no address: `code` is 'bad-address'. */
export class BadAddress extends Failure {
  constructor(message: string, cause?: unknown) {
    super('bad-address', message, cause);
  }
}

export interface Address {
  /** Canonical: lower-case DNS name, dotted IPv4, shortest IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Reads host:port. Port 0 only where a listener may pick its own. Throws BadAddress. */
export function parseAddress(text: string, ports: 'any-port' | 'real-port' = 'real-port'): Address {
  const match = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([^[\]:]{1,253})):(0|[1-9][0-9]{0,4})$/.exec(text);
  const inBrackets = match?.[1];
  const host = inBrackets ?? match?.[2];
  if (match === null || host === undefined || (inBrackets !== undefined && !isIPv6(inBrackets))) {
    throw new BadAddress(`${quoted(text)} is not host:port, with an IPv6 address in [ ]`);
  }
  const port = Number(match[3]);
  if (port > MAX_PORT || (port === 0 && ports === 'real-port')) {
    throw new BadAddress(`port ${port} in ${quoted(text)} is not 1 to ${MAX_PORT}`);
  }
  try {
    return { host: canonicalHost(host), port };
  } catch (cause) {
    if (cause instanceof BadHost) throw new BadAddress(cause.message, cause);
    throw cause;
  }
}

/** The one spelling of an address, as the registry and icse.yaml have it. */
export function addressText({ host, port }: Address): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** True when only programs on the same machine can dial it. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

/** True for an address to listen at that nobody can dial: all of a machine's interfaces. */
export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}
