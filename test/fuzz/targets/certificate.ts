// Certificates, of authorities and of nodes (certs/): whatever chains up to the root must be one that was issued.

import { decodeRoot } from '../../../certs/authority.js';
import { readNodeCertificate, verifyNodeCertificate } from '../../../certs/certificate.js';
import { decodePem, encodePem } from '../../../certs/pem.js';
import { decodeCertificate } from '../../../certs/x509.js';
import { NOW } from '../material.js';
import { attempt, isSame, promise, type Target } from '../target.js';

const CERTIFICATE_BYTES_MAX = 8192;

export const certificateTarget: Target = {
  name: 'certificate',
  open({ rootPem: root, issuingPem: issuing, certificatePems }) {
    const pems = [root, issuing, ...certificatePems];
    const ders = pems.map((pem) => decodePem('CERTIFICATE', pem));
    const all = [...pems.map((pem) => new Uint8Array(Buffer.from(pem))), ...ders];
    return {
      form: 'pem',
      maxBytes: CERTIFICATE_BYTES_MAX * 2,
      sample: (chance) => chance.pick(all),
      take(input) {
        // TLS hands over DER, files and invitations PEM.
        const pemOrDer = input[0] === 0x30 ? input : Buffer.from(input).toString('utf8');
        const { der } = decodeCertificate(pemOrDer);
        const printed = typeof pemOrDer === 'string' ? Buffer.from(encodePem('CERTIFICATE', der)) : der;
        promise(isSame(printed, input), 'the certificate prints to other bytes');
        // It is one of these at most.
        for (const read of [decodeRoot, readNodeCertificate]) attempt(() => read(pemOrDer));
        attempt(() => {
          verifyNodeCertificate({ leaf: pemOrDer, issuing, root, now: NOW });
          promise(
            ders.some((known) => isSame(known, der)),
            'nobody issued this certificate',
          );
        });
      },
    };
  },
};
