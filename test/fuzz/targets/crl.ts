// Revocation lists: the hub reads its last one to make the next.

import { decodePem, encodePem } from '../../../certs/pem.js';
import { readCrl } from '../../../certs/revocation.js';
import { promise, type Target } from '../target.js';

/** The largest list has a megabyte (certs/revocation.ts), which here only costs time. */
const MAX_BYTES = 65_536;

export const crlTarget: Target = {
  name: 'crl',
  open({ revocationLists }) {
    const samples = revocationLists.map((pem) => new Uint8Array(Buffer.from(pem)));
    return {
      form: 'pem',
      maxBytes: MAX_BYTES,
      sample: (chance) => chance.pick(samples),
      take(input) {
        const pem = Buffer.from(input).toString('utf8');
        const { thisUpdate, nextUpdate, revoked } = readCrl(pem);
        promise(encodePem('X509 CRL', decodePem('X509 CRL', pem)) === pem, 'it prints to another text');
        promise(thisUpdate < nextUpdate, 'the next list is due before this one');
        promise(new Set(revoked.map(({ serial }) => serial)).size === revoked.length, 'a serial twice');
      },
    };
  },
};
