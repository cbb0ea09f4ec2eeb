// The names under which the hub knows a node: DNS names (RFC 1123 section 2.1), IPv4 and IPv6 addresses
// (RFC 5952 form), and their general names in a certificate (RFC 5280 section 4.2.1.6).
//
//   nl.icse.example   82 len 6e 6c ...        192.0.2.7   87 04 c0 00 02 07        2001:db8::7   87 10 20 01 ...

import { isIPv4, isIPv6 } from 'node:net';
import { Failure } from '../node/failure.js';
import { type Der, implicit } from './der.js';

export const DNS_NAME = 2;
export const IP_ADDRESS = 7;

/** As many octets as DNS carries in a name. */
const DNS_NAME_LENGTH_MAX = 253;
const DNS_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Text that is neither a DNS name nor an IP address: `code` is 'bad-host'. */
export class BadHost extends Failure {
  constructor(message: string) {
    super('bad-host', message);
  }
}

/** The one spelling of a host: lower-case DNS name, dotted IPv4, shortest IPv6. Throws BadHost. */
export function canonicalHost(text: string): string {
  if (isIPv4(text)) return text;
  // A zone (%eth0) means something on one machine only.
  if (isIPv6(text) && !text.includes('%')) return new URL(`http://[${text}]/`).hostname.slice(1, -1);
  const name = text.toLowerCase();
  const labels = name.split('.');
  const isDnsName = name.length <= DNS_NAME_LENGTH_MAX && labels.every((label) => DNS_LABEL.test(label));
  // A last label that begins with a digit could be read as a part of an address.
  if (!isDnsName || !/^[a-z]/.test(labels.at(-1) ?? '')) {
    throw new BadHost(`${JSON.stringify(text.slice(0, 80))} is neither a DNS name nor an IP address`);
  }
  return name;
}

function ipv6Bytes(canonical: string): Uint8Array {
  const [head = '', tail] = canonical.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const before = groups(head);
  const after = groups(tail ?? '');
  const zeros = new Array<string>(8 - before.length - after.length).fill('0');
  const all = [...before, ...zeros, ...after].map((group) => group.padStart(4, '0'));
  return new Uint8Array(Buffer.from(all.join(''), 'hex'));
}

/** The general name of a host in its canonical spelling. */
export function generalNameOf(host: string): Der {
  if (isIPv4(host)) return implicit(IP_ADDRESS, Uint8Array.from(host.split('.'), Number));
  if (isIPv6(host)) return implicit(IP_ADDRESS, ipv6Bytes(host));
  return implicit(DNS_NAME, new Uint8Array(Buffer.from(host, 'latin1')));
}

/** The canonical spelling of the 4 or 16 bytes of an address. Throws BadHost. */
export function addressOf(bytes: Uint8Array): string {
  if (bytes.length === 4) return [...bytes].join('.');
  if (bytes.length !== 16) throw new BadHost(`an IP address of ${bytes.length} bytes; it has 4 or 16`);
  const groups = Buffer.from(bytes).toString('hex').match(/.{4}/g) ?? [];
  return canonicalHost(groups.join(':'));
}
