// The root's revocation list (tls/root.crl.pem), made anew once a year, and when an issuing authority is revoked.
// The last list is the only record of what the root has revoked, so it must be there.

import { BadFile, readPem } from '../../certs/files.js';
import { type Revoked, readCrl } from '../../certs/revocation.js';
import type { Clock } from '../clock.js';
import { readFederation } from '../home/federation.js';
import type { HomePaths } from '../home/layout.js';
import { ROOT_LIST_DAYS, writeNextList } from './revocation-list.js';
import { type RootKeys, readRootKeys } from './root-keys.js';

/** Makes the root's next list, for `icse hub root-crl`. Throws BadRoot, BadFile, BadRevocationList. */
export async function rootCrl(options: {
  readonly paths: HomePaths;
  /** The folder with the root's keys. */
  readonly root: string;
  readonly clock: Clock;
  readonly passphrase?: string | undefined;
}): Promise<void> {
  const { paths, root, clock, passphrase } = options;
  const keys = await readRootKeys(root, await readFederation(paths.federation), passphrase);
  await writeRootList(paths, keys, [], clock.now());
}

/** Makes the root's next list with these authorities on it as well. Throws BadFile, BadRevocationList. */
export async function writeRootList(
  { tls }: HomePaths,
  { authority }: RootKeys,
  more: readonly Revoked[],
  nowMs: number,
): Promise<void> {
  const before = await lastRevoked(tls.rootCrl);
  const listed = new Set(before.map(({ serial }) => serial));
  const revoked = [...before, ...more.filter(({ serial }) => !listed.has(serial))];
  await writeNextList({ path: tls.rootCrl, authority, revoked, days: ROOT_LIST_DAYS, nowMs });
}

async function lastRevoked(path: string): Promise<readonly Revoked[]> {
  try {
    return readCrl(await readPem(path)).revoked;
  } catch (cause) {
    if (!(cause instanceof BadFile)) throw cause;
    throw new BadFile(`${cause.message}: it says what the root has revoked; restore it from a copy`, cause);
  }
}
