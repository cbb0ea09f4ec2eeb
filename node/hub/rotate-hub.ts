// New keys for the hub itself, by the root: `icse hub rotate`. The next seed is on disk before the registry has
// its keys, and takes the old one's place last of all; until then running it again goes on where it stopped.

import { rename } from 'node:fs/promises';
import { create } from '@bufbuild/protobuf';
import { type Authority, createIssuing } from '../../certs/authority.js';
import { newSerial } from '../../certs/certificate.js';
import { writePrivate, writePublic } from '../../certs/files.js';
import { encodePem } from '../../certs/pem.js';
import { generateNodeKey } from '../../certs/request.js';
import { publicKeyOf } from '../../certs/rsa.js';
import { decodeCertificate } from '../../certs/x509.js';
import { MemberKeysSchema, RotateSchema } from '../../proto/gen/icse/v1/registry_pb.js';
import type { Clock } from '../clock.js';
import { parseAddress } from '../home/address.js';
import { type Federation, writeFederation } from '../home/federation.js';
import type { HomePaths } from '../home/layout.js';
import { writeTlsFiles } from '../home/tls-files.js';
import { deriveSecrets, type MemberSecrets, newSeed, publicKeysOf } from '../keys/seed.js';
import { BadSeedFile, readSeedFile, writeSeedFile } from '../keys/seed-file.js';
import { LYON } from '../names.js';
import { signAsRoot } from '../registry/root-signature.js';
import { applyRegistryEntry } from '../registry/state.js';
import { buildEntry } from '../statements/build.js';
import { decodeEntry } from '../statements/entry.js';
import { ed25519Signer } from '../tlog/note.js';
import { certify } from './certifier.js';
import { AUTHORITY_NAME } from './create.js';
import { createCrlKeeper } from './crl-keeper.js';
import { IssuedCertificates } from './issued-certificates.js';
import { readIssuing } from './issuing-files.js';
import { cutMessage } from './membership.js';
import { writeRootList } from './root-crl.js';
import type { RootKeys } from './root-keys.js';
import { endOf, type StoppedHub, withStoppedHub } from './stopped-hub.js';

export interface RotateHubOptions {
  readonly paths: HomePaths;
  /** The folder with the root's keys. */
  readonly root: string;
  readonly clock: Clock;
  readonly random: (sizeBytes: number) => Uint8Array;
  readonly passphrase?: string | undefined;
  /** The hub's keys are in other hands: the issuing authority is replaced as well, and the old one revoked. */
  readonly stolen?: boolean | undefined;
  /** Replaces the issuing authority although nothing was stolen, as when it nears its end. */
  readonly newIssuing?: boolean | undefined;
}

/** Gives a stopped hub new keys. Throws NotTheHub, BadRoot, StoreLocked, BadSeedFile, or what the disk says. */
export async function rotateHub(options: RotateHubOptions): Promise<void> {
  const { paths, passphrase } = options;
  await withStoppedHub(paths, options.root, passphrase, async (hub) => {
    const secrets = deriveSecrets(await nextSeed(options));
    await rotateInRegistry(hub, secrets, options);
    const issuing = await nextIssuing(hub, options);
    await renewCertificate(hub, issuing, options);
    const keys = create(MemberKeysSchema, publicKeysOf(secrets));
    await writeFederation(paths.federation, { ...hub.federation, hub: { ...hub.federation.hub, keys } });
    await rename(paths.hub.nextSeed, paths.seed);
  });
}

/** The seed that an interrupted rotation made, or a new one. */
async function nextSeed({ paths, random, passphrase }: RotateHubOptions): Promise<Uint8Array> {
  try {
    return await readSeedFile(paths.hub.nextSeed, { passphrase });
  } catch (error) {
    if (!(error instanceof BadSeedFile) || error.code !== 'seed-missing') throw error;
    const seed = newSeed(random);
    await writeSeedFile(paths.hub.nextSeed, seed, { passphrase, random });
    return seed;
  }
}

async function rotateInRegistry(
  hub: StoppedHub,
  secrets: MemberSecrets,
  options: RotateHubOptions,
): Promise<void> {
  const { registry, root } = hub;
  const { state, anchors } = registry;
  const known = state.members.get(LYON);
  if (known === undefined || Buffer.compare(known.keys.log, secrets.log.publicKey) === 0) return;
  const value = create(RotateSchema, {
    member: LYON,
    keys: publicKeysOf(secrets),
    cut: cutMessage(known.log, endOf(hub, known.log)),
  });
  value.rootSignature = signAsRoot(anchors.federation, value, root.secretKey);
  const { clock, random } = options;
  const entry = buildEntry({ statement: { case: 'rotate', value }, now: clock.now() / 1000, random });
  applyRegistryEntry(state, decodeEntry(entry), anchors.rootKey);
  // The new key signs from here on, this entry included: the old one may be in other hands.
  await registry.log.append([entry], ed25519Signer(registry.log.name, secrets.log));
}

async function nextIssuing(hub: StoppedHub, options: RotateHubOptions): Promise<Authority> {
  const { paths, clock, random, stolen = false, newIssuing = false } = options;
  const before = await readIssuing(paths);
  if (!stolen && !newIssuing) return before;
  const now = new Date(Math.floor(clock.now() / 1000) * 1000);
  const { federation } = hub.federation;
  const named = { name: AUTHORITY_NAME, now, serial: newSerial(random), federation };
  const issuing = await createIssuing(hub.root.authority, named);
  const { serial } = decodeCertificate(before.certificatePem);
  const reason = stolen ? 'cACompromise' : 'superseded';
  await writeRootList(paths, hub.root, [{ serial, date: now, reason }], clock.now());
  await writePrivate(paths.hub.issuingKey, issuing.privateKeyPem);
  await writePublic(paths.hub.issuing, issuing.certificatePem);
  return issuing;
}

async function renewCertificate(
  { federation: { federation, hub }, root }: { federation: Federation; root: RootKeys },
  issuing: Authority,
  { paths, clock, random, stolen = false }: RotateHubOptions,
): Promise<void> {
  const certificates = await IssuedCertificates.open(paths.hub.certificates);
  await certificates.revoke(LYON, stolen ? 'keyCompromise' : 'superseded', clock.now());
  await createCrlKeeper({ path: paths.tls.crl, issuing, certificates, clock }).publish();
  const keyPem = await generateNodeKey();
  const chain = await certify(
    { issuing, federation, certificates, clock, random },
    {
      member: LYON,
      publicKeyPem: encodePem('PUBLIC KEY', publicKeyOf(keyPem)),
      hosts: [hub.exchange, hub.enrolment].map((address) => parseAddress(address).host),
    },
  );
  await writeTlsFiles(paths.tls, { ...chain, keyPem, rootPem: root.authority.certificatePem });
}
