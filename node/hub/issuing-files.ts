// The issuing authority at the hub: hub/issuing.pem and hub/issuing.key.

import type { Authority } from '../../certs/authority.js';
import { readPem } from '../../certs/files.js';
import type { HomePaths } from '../home/layout.js';
import { readTlsKey } from '../home/tls-files.js';

/** Reads the issuing authority. Throws BadFile, BadPrivateFile. */
export async function readIssuing({ hub }: HomePaths): Promise<Authority> {
  return { certificatePem: await readPem(hub.issuing), privateKeyPem: await readTlsKey(hub.issuingKey) };
}
