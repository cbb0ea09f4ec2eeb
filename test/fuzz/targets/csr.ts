// Certificate requests, which strangers send: taken are those alone that the owner of the key signed.

import { readRequest } from '../../../certs/request.js';
import { isSame, promise, type Target } from '../target.js';

const REQUEST_BYTES_MAX = 4096;

export const csrTarget: Target = {
  name: 'csr',
  open: ({ requests }) => ({
    form: 'der',
    maxBytes: REQUEST_BYTES_MAX + 16,
    sample: (chance) => chance.pick(requests),
    take(input) {
      const pem = readRequest(input);
      promise(pem.startsWith('-----BEGIN PUBLIC KEY-----\n'), 'no key came out of the request');
      promise(
        requests.some((known) => isSame(known, input)),
        'nobody signed this request',
      );
    },
  }),
};
