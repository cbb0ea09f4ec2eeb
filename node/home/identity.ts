// Who a home is: the member, the federation, and the secrets that prove it. Everything is read and compared at
// the start, so that files of two homes that were mixed up are named here and not by a peer.

import { stat } from 'node:fs/promises';
import { federationIdOf } from '../../certs/authority.js';
import { readNodeCertificate } from '../../certs/certificate.js';
import { isRootKeyCertified } from '../../certs/root-key.js';
import type { TlsIdentity } from '../exchange/tls.js';
import { Failure } from '../failure.js';
import { deriveSecrets, type MemberSecrets } from '../keys/seed.js';
import { readSeedFile } from '../keys/seed-file.js';
import type { MemberCode } from '../names.js';
import type { RegistryAnchors } from '../registry/registry.js';
import { type Federation, readFederation } from './federation.js';
import type { HomePaths } from './layout.js';
import { readTlsFiles } from './tls-files.js';

export type IdentityCode = 'no-identity' | 'mixed-identity';

/** A home that is nobody's, or that of two. */
export class BadIdentity extends Failure {
  declare readonly code: IdentityCode;

  constructor(code: IdentityCode, message: string, cause?: unknown) {
    super(code, message, cause);
  }
}

export interface Identity {
  readonly member: MemberCode;
  readonly federation: Federation;
  readonly secrets: MemberSecrets;
  readonly tls: TlsIdentity;
  /** What the registry is checked against. */
  readonly anchors: RegistryAnchors;
}

/**
 * Reads the identity of a home. Throws BadIdentity, BadSeedFile, BadTlsFiles, BadDocument, BadPrivateFile,
 * BadFile, BadCertificate.
 */
export async function loadIdentity(paths: HomePaths, passphrase?: string): Promise<Identity> {
  if (!(await isThere(paths.federation))) throw noIdentity(paths, await isThere(paths.joining));
  const federation = await readFederation(paths.federation);
  const tls = await readTlsFiles(paths.tls);
  checkTogether(paths, federation, tls);
  const seed = await readSeedFile(paths.seed, { passphrase });
  return {
    member: federation.member,
    federation,
    secrets: deriveSecrets(seed),
    tls,
    anchors: anchorsOf(federation),
  };
}

/** What the invitation pinned, as the registry wants it. */
export function anchorsOf({ federation, member, rootKey, hub }: Federation): RegistryAnchors {
  return { federation, member, rootKey, hubKeys: hub.keys, generation: hub.registry ?? 1 };
}

function checkTogether(paths: HomePaths, pinned: Federation, tls: TlsIdentity): void {
  const { federation, member, rootKey, rootKeySignature } = pinned;
  const mixed = (what: string) =>
    new BadIdentity('mixed-identity', `${what}: files of two homes are mixed; restore them from one copy`);
  if (federationIdOf(tls.rootPem) !== federation) {
    throw mixed(`${paths.tls.root} is not the root of the federation in ${paths.federation}`);
  }
  if (!isRootKeyCertified(tls.rootPem, federation, rootKey, rootKeySignature)) {
    throw mixed(`${paths.tls.root} does not vouch for the root key in ${paths.federation}`);
  }
  const leaf = readNodeCertificate(tls.leafPem);
  if (leaf.member !== member || leaf.federation !== federation) {
    throw mixed(
      `${paths.tls.node} is the certificate of ${leaf.member}, ${paths.federation} is that of ${member}`,
    );
  }
}

function noIdentity(paths: HomePaths, joinBegun: boolean): BadIdentity {
  const advice = joinBegun
    ? 'joining was begun here and not finished: run the same icse join again'
    : 'run icse hub create or icse join first, or name another directory with --home';
  return new BadIdentity('no-identity', `${paths.home} is not yet the home of a node: ${advice}`);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
