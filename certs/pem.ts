// PEM (RFC 7468, the strict form of section 3): base64 lines of 64 characters, line feeds, nothing around it.
//
//   -----BEGIN CERTIFICATE-----
//   MIIEJzCCAo+gAwIBAgIQ...
//   -----END CERTIFICATE-----

import { Failure } from '../node/failure.js';

export type PemLabel = 'CERTIFICATE' | 'X509 CRL' | 'PUBLIC KEY';

/** Text that is not PEM, or PEM of something else: `code` is 'bad-pem'. */
export class BadPem extends Failure {
  constructor(message: string) {
    super('bad-pem', message);
  }
}

export function encodePem(label: PemLabel, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** The bytes of a text that is one PEM block of this label and nothing else. Throws BadPem. */
export function decodePem(label: PemLabel, text: string): Uint8Array {
  const begin = `-----BEGIN ${label}-----\n`;
  const end = `\n-----END ${label}-----\n`;
  if (!text.startsWith(begin) || !text.endsWith(end)) {
    throw new BadPem(`this is not one PEM block that begins with -----BEGIN ${label}-----`);
  }
  const der = new Uint8Array(Buffer.from(text.slice(begin.length, -end.length), 'base64'));
  if (encodePem(label, der) !== text) throw new BadPem(`the base64 of this ${label} is damaged`);
  return der;
}
