// federation.json, which says whose home it is.

import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { readFederation, writeFederation } from '../../../node/home/federation.js';
import { bytesOf, isSame, promise, type Target } from '../target.js';

const MAX_BYTES = 8192;

export const federationTarget: Target = {
  name: 'federation',
  async open({ invitation }) {
    const { rootCertificate: _r, token: _t, expires: _e, ...federation } = JSON.parse(invitation);
    const valid = bytesOf(`${JSON.stringify(federation, null, 2)}\n`);
    const words = [...new Set(JSON.stringify(federation).match(/"[^"]*"/g))].map((word) => word.slice(1, -1));
    const folder = await mkdtemp(join(tmpdir(), 'icse-fuzz-'));
    const path = join(folder, 'federation.json');
    return {
      form: 'json',
      maxBytes: MAX_BYTES + 16,
      words,
      sample: () => valid,
      async take(input) {
        writeFileSync(path, input, { mode: 0o600 });
        const read = await readFederation(path);
        // Writing syncs the disk: only for what is not our own text.
        if (isSame(input, valid)) return;
        await writeFederation(path, read);
        promise(
          isDeepStrictEqual(await readFederation(path), read),
          'it is another one when written and read',
        );
      },
      close: () => rm(folder, { recursive: true, force: true }),
    };
  },
};
