// Joining a federation with an invitation. The keys are made first and kept, and the home is complete when
// federation.json is there: whatever goes wrong before, running the same join again goes on with the same keys.

import { chmod, mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { writePrivate } from '../../certs/files.js';
import { generateNodeKey } from '../../certs/request.js';
import { type Clock, pause } from '../clock.js';
import { Failure } from '../failure.js';
import { addressText, parseAddress } from '../home/address.js';
import { DEFAULT_CONFIG, writeConfig } from '../home/config.js';
import { readDocumentIfAny, writeDocument } from '../home/document.js';
import { addressField, federationField, memberField } from '../home/document-fields.js';
import { readFederation, writeFederation } from '../home/federation.js';
import { withFreePort } from '../home/free-port.js';
import { type HomePaths, homePaths } from '../home/layout.js';
import { HomeNotEmpty, namesIn } from '../home/new-home.js';
import { type CertificateChain, readTlsKey, writeTlsFiles } from '../home/tls-files.js';
import { BadPrivateFile } from '../keys/private-file.js';
import { deriveSecrets, newSeed } from '../keys/seed.js';
import { BadSeedFile, readSeedFile, writeSeedFile } from '../keys/seed-file.js';
import type { FederationId, MemberCode } from '../names.js';
import { type Applicant, enrol } from './client.js';
import type { InvitationFile } from './invitation-file.js';
import { HubUnreachable } from './refused.js';

/** How often a node asks whether its operator at Lyon has confirmed. */
const ASK_MS = 2000;
/** Any number will do: see `join`. */
const ALIVE_MS = 60_000;
const MAX_DOCUMENT_BYTES = 4096;

/** A join that does not go on here. */
export class CannotJoin extends Failure {
  declare readonly code: 'already-joined' | 'other-identity' | 'join-stopped';

  constructor(code: CannotJoin['code'], message: string) {
    super(code, message);
  }
}

export interface JoinOptions {
  readonly home: string;
  readonly invitation: InvitationFile;
  /** host:port for others' streams; port 0 picks a free one for good. Without it the node only dials. */
  readonly listen?: string | undefined;
  readonly clock: Clock;
  readonly random: (sizeBytes: number) => Uint8Array;
  /** Encrypts the seed. */
  readonly passphrase?: string | undefined;
  /** Told once; `waits` when the hub's operator must confirm it before the join goes on. */
  readonly onFingerprint: (fingerprint: string, waits: boolean) => void;
  readonly signal: AbortSignal;
}

export interface Joined {
  readonly federation: FederationId;
  readonly member: MemberCode;
  readonly listen: string | undefined;
}

const JoiningDocument = z.strictObject({
  version: z.literal(1),
  federation: federationField,
  member: memberField,
  listen: addressField.optional(),
});

/**
 * Joins, or goes on joining. Throws CannotJoin, HomeNotEmpty, EnrolmentRefused, HubUnreachable, BadAddress,
 * CannotListen, BadSeedFile.
 */
export async function join(options: JoinOptions): Promise<Joined> {
  const { home, invitation, random, passphrase } = options;
  const { federation, member } = invitation;
  const paths = homePaths(home);
  const begun = await beginHome(paths, invitation);
  const listen = await chooseListen(options.listen, begun?.listen);
  await writeDocument(paths.joining, { version: 1, federation, member, ...(listen && { listen }) });
  const applicant: Applicant = {
    member,
    secrets: deriveSecrets(await keptSeed(paths, random, passphrase)),
    keyPem: await keptTlsKey(paths),
  };
  // The clock's timers keep no process alive, and a join that waits for an operator must.
  const alive = setInterval(() => {}, ALIVE_MS);
  try {
    const chain = await awaitCertificate(options, applicant, listen ?? '');
    await writeTlsFiles(paths.tls, { ...chain, keyPem: applicant.keyPem, rootPem: invitation.rootPem });
  } finally {
    clearInterval(alive);
  }
  await writeConfig(paths.config, { ...DEFAULT_CONFIG, listen });
  await writeFederation(paths.federation, invitation);
  await rm(paths.joining);
  return { federation, member, listen };
}

/** Takes an empty directory, or one in which the same join was begun. */
async function beginHome(paths: HomePaths, { federation, member }: InvitationFile) {
  const { home } = paths;
  const names = await namesIn(home);
  if (names.includes('federation.json')) {
    const owner = await readFederation(paths.federation);
    if (owner.member === member && owner.federation === federation) {
      throw new CannotJoin(
        'already-joined',
        `${home} is the home of ${member} already: run icse start, or join with a new invitation in a new home`,
      );
    }
    throw new CannotJoin('other-identity', `${home} is the home of ${owner.member}: name another directory`);
  }
  const begun = await readDocumentIfAny(paths.joining, JoiningDocument, MAX_DOCUMENT_BYTES);
  if (begun === undefined && names.length > 0) throw new HomeNotEmpty(home);
  if (begun !== undefined && (begun.member !== member || begun.federation !== federation)) {
    throw new CannotJoin(
      'other-identity',
      `in ${home} another join was begun, as ${begun.member}: name another directory`,
    );
  }
  try {
    await mkdir(dirname(paths.tls.node), { recursive: true, mode: 0o700 });
    await chmod(home, 0o700);
  } catch (cause) {
    throw new Failure('home-unusable', `${home} cannot be made: ${(cause as Error).message}`, cause);
  }
  return begun;
}

/** The address given, or the one that the join began with; a port that was picked before is kept. */
async function chooseListen(
  given: string | undefined,
  begun: string | undefined,
): Promise<string | undefined> {
  if (given === undefined) return begun;
  const wanted = parseAddress(given, 'any-port');
  if (begun !== undefined && wanted.port === 0 && parseAddress(begun).host === wanted.host) return begun;
  return addressText(await withFreePort(wanted));
}

async function keptSeed(
  { seed: path }: HomePaths,
  random: (sizeBytes: number) => Uint8Array,
  passphrase: string | undefined,
): Promise<Uint8Array> {
  try {
    return await readSeedFile(path, { passphrase });
  } catch (error) {
    if (!(error instanceof BadSeedFile) || error.code !== 'seed-missing') throw error;
    const seed = newSeed(random);
    await writeSeedFile(path, seed, { passphrase, random });
    return seed;
  }
}

async function keptTlsKey({ tls }: HomePaths): Promise<string> {
  try {
    return await readTlsKey(tls.key);
  } catch (error) {
    if (!(error instanceof BadPrivateFile) || error.code !== 'file-missing') throw error;
    const keyPem = await generateNodeKey();
    await writePrivate(tls.key, keyPem);
    return keyPem;
  }
}

/** Enrols, and asks again while the hub's operator has not confirmed. A hub that is away meanwhile is waited for. */
async function awaitCertificate(
  { invitation, clock, signal, onFingerprint }: JoinOptions,
  applicant: Applicant,
  listen: string,
): Promise<CertificateChain> {
  const { federation, rootPem, hub, token } = invitation;
  const access = { federation, address: hub.enrolment, rootPem, hubKeys: hub.keys, clock, signal };
  for (let told = false; !signal.aborted; ) {
    try {
      const { fingerprint, chain } = await enrol(access, applicant, { token, listen });
      if (!told) onFingerprint(fingerprint, chain === undefined);
      told = true;
      if (chain !== undefined) return chain;
    } catch (error) {
      if (signal.aborted) break;
      if (!told || !(error instanceof HubUnreachable)) throw error;
    }
    await pause(clock, ASK_MS, signal);
  }
  throw new CannotJoin('join-stopped', 'the join was stopped: run the same icse join again to go on');
}
