// Makes a federation: root (certificate authority and Ed25519 key, in a folder that the operator moves away),
// issuing authority, the hub's own keys and certificate, and a registry whose entry 0 admits LYON.

import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { type Authority, createIssuing, createRoot, federationIdOf } from '../../certs/authority.js';
import { newSerial } from '../../certs/certificate.js';
import { writePrivate, writePublic } from '../../certs/files.js';
import { encodePem } from '../../certs/pem.js';
import { generateNodeKey } from '../../certs/request.js';
import { certifyRootKey } from '../../certs/root-key.js';
import { publicKeyOf } from '../../certs/rsa.js';
import { AdmitSchema, MemberKeysSchema } from '../../proto/gen/icse/v1/registry_pb.js';
import type { Clock } from '../clock.js';
import { type Address, addressText, BadAddress, isWildcard, parseAddress } from '../home/address.js';
import { DEFAULT_CONFIG, writeConfig } from '../home/config.js';
import { type Federation, writeFederation } from '../home/federation.js';
import { withFreePort } from '../home/free-port.js';
import { anchorsOf } from '../home/identity.js';
import { type HomePaths, homePaths } from '../home/layout.js';
import { buildHome } from '../home/new-home.js';
import { writeTlsFiles } from '../home/tls-files.js';
import { type KeyPair, keyPairOf } from '../keys/ed25519.js';
import { deriveSecrets, type MemberSecrets, newSeed, publicKeysOf } from '../keys/seed.js';
import { writeSeedFile } from '../keys/seed-file.js';
import { type FederationId, LYON } from '../names.js';
import { Registry } from '../registry/registry.js';
import { signAsRoot } from '../registry/root-signature.js';
import { buildEntry } from '../statements/build.js';
import { openLevelStore } from '../store/level-store.js';
import { ed25519Signer } from '../tlog/note.js';
import { certify } from './certifier.js';
import { IssuedCertificates } from './issued-certificates.js';
import { DEFAULT_QUOTA, quotaMessage } from './membership.js';
import { ISSUING_LIST_DAYS, ROOT_LIST_DAYS, writeNextList } from './revocation-list.js';

/** The name that the authorities' certificates bear. */
export const AUTHORITY_NAME = 'ICSE Exchange';

export interface CreateHubOptions {
  readonly home: string;
  /** host:port of the exchange, as members are to dial it; port 0 picks a free one for good. */
  readonly listen: string;
  /** host:port of enrolment; the next port unless it is given. */
  readonly listenEnrol?: string | undefined;
  readonly clock: Clock;
  readonly random: (sizeBytes: number) => Uint8Array;
  /** Encrypts the hub's seed and the root's. */
  readonly passphrase?: string | undefined;
}

export interface CreatedHub {
  readonly federation: FederationId;
  readonly listen: string;
  readonly listenEnrol: string;
  /** The folder to move away. */
  readonly root: string;
}

/** Creates the hub's home. Throws HomeNotEmpty, BadAddress, CannotListen, or what the disk says. */
export async function createHub(options: CreateHubOptions): Promise<CreatedHub> {
  const { home, random } = options;
  const addresses = await pickAddresses(options.listen, options.listenEnrol);
  let federation: FederationId | undefined;
  await buildHome(home, random, async (draft) => {
    federation = await fillHome(homePaths(draft), addresses, options);
  });
  return { federation: federation as FederationId, ...addresses, root: homePaths(home).root.directory };
}

interface HubAddresses {
  readonly listen: string;
  readonly listenEnrol: string;
}

async function pickAddresses(listenText: string, enrolText: string | undefined): Promise<HubAddresses> {
  const listen = await withFreePort(dialable(listenText), enrolText === undefined ? 1 : 0);
  const next: Address = { host: listen.host, port: listen.port + 1 };
  const enrol = enrolText === undefined ? next : await withFreePort(dialable(enrolText));
  // Also refuses the port after the last one.
  const listenEnrol = addressText(parseAddress(addressText(enrol)));
  if (addressText(listen) === listenEnrol) {
    throw new BadAddress(`${listenEnrol} cannot serve the exchange and enrolment: name two ports`);
  }
  return { listen: addressText(listen), listenEnrol };
}

/** Members dial what is said here, so it must be more than 'all interfaces'. */
function dialable(text: string): Address {
  const address = parseAddress(text, 'any-port');
  if (!isWildcard(address.host)) return address;
  throw new BadAddress(
    `members cannot dial ${address.host}: name the host under which they reach the hub (icse.yaml can say ${address.host} afterwards)`,
  );
}

async function fillHome(
  paths: HomePaths,
  { listen, listenEnrol }: HubAddresses,
  options: CreateHubOptions,
): Promise<FederationId> {
  const { clock, random, passphrase } = options;
  const { root, issuing, federation } = await makeAuthorities(clock.now(), random);
  const rootSeed = newSeed(random);
  const rootKey = keyPairOf(rootSeed).publicKey;
  const seed = newSeed(random);
  const secrets = deriveSecrets(seed);
  const keys = create(MemberKeysSchema, publicKeysOf(secrets));
  const hub: Federation = {
    federation,
    member: LYON,
    rootKey,
    rootKeySignature: certifyRootKey(root, federation, rootKey),
    hub: { exchange: listen, enrolment: listenEnrol, keys },
  };
  for (const directory of [paths.root.directory, paths.hub.directory, dirname(paths.tls.node)]) {
    await mkdir(directory, { mode: 0o700 });
  }
  await writeSeedFile(paths.root.seed, rootSeed, { passphrase, random });
  await writeAuthority(paths.root.certificate, paths.root.key, root);
  await writeSeedFile(paths.seed, seed, { passphrase, random });
  await writeAuthority(paths.hub.issuing, paths.hub.issuingKey, issuing);
  await writeHubCertificate(paths, hub, issuing, root.certificatePem, options);
  await writeFirstLists(paths, root, issuing, clock.now());
  await beginRegistry(paths, hub, secrets, keyPairOf(rootSeed), options);
  await writeConfig(paths.config, { ...DEFAULT_CONFIG, listen, listenEnrol });
  await writeFederation(paths.federation, hub);
  return federation;
}

async function makeAuthorities(nowMs: number, random: CreateHubOptions['random']) {
  const named = { name: AUTHORITY_NAME, now: new Date(Math.floor(nowMs / 1000) * 1000) };
  const root = await createRoot({ ...named, serial: newSerial(random) });
  const federation = federationIdOf(root.certificatePem);
  const issuing = await createIssuing(root, { ...named, serial: newSerial(random), federation });
  return { root, issuing, federation };
}

async function writeHubCertificate(
  paths: HomePaths,
  { federation, hub }: Federation,
  issuing: Authority,
  rootPem: string,
  { clock, random }: CreateHubOptions,
): Promise<void> {
  const keyPem = await generateNodeKey();
  const certificates = await IssuedCertificates.open(paths.hub.certificates);
  const chain = await certify(
    { issuing, federation, certificates, clock, random },
    {
      member: LYON,
      publicKeyPem: encodePem('PUBLIC KEY', publicKeyOf(keyPem)),
      hosts: [hub.exchange, hub.enrolment].map((address) => parseAddress(address).host),
    },
  );
  await writeTlsFiles(paths.tls, { ...chain, keyPem, rootPem });
}

async function writeFirstLists(
  { tls }: HomePaths,
  root: Authority,
  issuing: Authority,
  nowMs: number,
): Promise<void> {
  const empty = { revoked: [], nowMs };
  await writeNextList({ ...empty, path: tls.crl, authority: issuing, days: ISSUING_LIST_DAYS });
  await writeNextList({ ...empty, path: tls.rootCrl, authority: root, days: ROOT_LIST_DAYS });
}

/** Entry 0, on the store that the node will open, under a checkpoint by the hub's log key. */
async function beginRegistry(
  paths: HomePaths,
  hub: Federation,
  secrets: MemberSecrets,
  rootKey: KeyPair,
  { clock, random }: CreateHubOptions,
): Promise<void> {
  const admit = create(AdmitSchema, {
    member: LYON,
    keys: hub.hub.keys,
    address: hub.hub.exchange,
    quota: quotaMessage(DEFAULT_QUOTA),
  });
  admit.rootSignature = signAsRoot(hub.federation, admit, rootKey.secretKey);
  const entry = buildEntry({
    statement: { case: 'admit', value: admit },
    now: clock.now() / 1000,
    random,
  });
  const store = await openLevelStore(paths.logs);
  try {
    const { log } = await Registry.open(store, anchorsOf(hub));
    await log.append([entry], ed25519Signer(log.name, secrets.log));
  } finally {
    await store.close();
  }
}

async function writeAuthority(certificate: string, key: string, authority: Authority): Promise<void> {
  await writePublic(certificate, authority.certificatePem);
  await writePrivate(key, authority.privateKeyPem);
}
