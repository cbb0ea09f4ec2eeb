// What has to be signed with RSA before anything can be fuzzed: a federation's authorities, certificates, requests,
// revocation lists, an invitation, proofs of forks. Made anew for each run, as all test keys are; the damage that is
// done to it comes from the seed alone.

import { create } from '@bufbuild/protobuf';
import { type Authority, createIssuing, createRoot, federationIdOf } from '../../certs/authority.js';
import { issueNodeCertificate } from '../../certs/certificate.js';
import { createRequest, generateNodeKey, readRequest } from '../../certs/request.js';
import { createCrl } from '../../certs/revocation.js';
import { certifyRootKey } from '../../certs/root-key.js';
import { invitationText } from '../../node/enrolment/invitation-file.js';
import { faultDocument, type RootVouchers } from '../../node/evidence/fault-document.js';
import { Log } from '../../node/log/log.js';
import { type FederationId, LYON, logName, parseMemberCode } from '../../node/names.js';
import { Registry } from '../../node/registry/registry.js';
import { signAsRoot } from '../../node/registry/root-signature.js';
import { buildEntry } from '../../node/statements/build.js';
import { createMemoryStore } from '../../node/store/memory-store.js';
import { ed25519Signer } from '../../node/tlog/note.js';
import type { Fault } from '../../proto/gen/icse/v1/exchange_pb.js';
import { AdmitSchema } from '../../proto/gen/icse/v1/registry_pb.js';
import { type Chance, chanceOf } from '../chaos/chance.js';
import { entries, noteOver } from '../log/logs.js';
import { keysOf, ROOT, secretsOf } from '../registry/acts.js';

export const NOW = new Date('2026-01-15T12:00:00Z');
const DAY_MS = 86_400_000;
const HOSTS: readonly (readonly [member: string, hosts: readonly string[]])[] = [
  ['NL', ['nl.icse.example', '127.0.0.1']],
  ['LYON', ['icse.example', '192.0.2.7', '2001:db8::7']],
  ['EUROPOL', []],
  ['AU', Array.from({ length: 16 }, (_, n) => `${'a'.repeat(40)}.node-${n}.au.icse.example`)],
];
const REASONS = ['keyCompromise', 'superseded', 'cessationOfOperation'] as const;

export interface Material {
  readonly federation: FederationId;
  readonly rootPem: string;
  readonly issuingPem: string;
  /** Of nodes. */
  readonly certificatePems: readonly string[];
  /** DER. */
  readonly requests: readonly Uint8Array[];
  readonly revocationLists: readonly string[];
  readonly invitation: string;
  /** The JSON of each. */
  readonly faultDocuments: readonly string[];
}

/** Makes all of it, in a few seconds: RSA keys are slow to make. */
export async function makeMaterial(): Promise<Material> {
  const chance = chanceOf('material');
  const serial = (): string => `4${Buffer.from(chance.bytes(16)).toString('hex').slice(1)}`;
  const authority = { name: 'ICSE Exchange', now: NOW };
  // Begun before the others: making keys takes most of the time.
  const nodeKeys = Promise.all([generateNodeKey(), generateNodeKey()]);
  const root = await createRoot({ ...authority, serial: serial() });
  const federation = federationIdOf(root.certificatePem);
  const issuing = await createIssuing(root, { ...authority, serial: serial(), federation });
  const rootKeySignature = certifyRootKey(root, federation, ROOT.publicKey);
  const requests = (await nodeKeys).map(createRequest);
  const publicKeys = requests.map(readRequest);
  const certificatePems = HOSTS.map(([member, hosts], n) =>
    issueNodeCertificate({
      issuing,
      publicKeyPem: publicKeys[n % publicKeys.length] as string,
      member: parseMemberCode(member),
      federation,
      hosts,
      notBefore: day(0),
      notAfter: day(30),
      serial: serial(),
    }),
  );
  const invitation = invitationText({
    federation,
    member: parseMemberCode('NL'),
    rootPem: root.certificatePem,
    rootKey: ROOT.publicKey,
    rootKeySignature,
    hub: { exchange: 'icse.example:7001', enrolment: '[2001:db8::7]:7002', keys: keysOf('LYON') },
    token: chance.bytes(32),
    expires: day(7).getTime(),
  });
  const vouchers = { rootPem: root.certificatePem, rootKey: ROOT.publicKey, rootKeySignature };
  const faults = [
    await aFault(federation, vouchers, chance, 10, 40),
    await aFault(federation, vouchers, chance, 7, 21),
  ];
  return {
    federation,
    rootPem: root.certificatePem,
    issuingPem: issuing.certificatePem,
    certificatePems,
    requests,
    revocationLists: [0, 1, 40].map((count) => aList(count === 0 ? root : issuing, count, serial)),
    invitation,
    faultDocuments: faults.map((document) => JSON.stringify(document)),
  };
}

function day(days: number): Date {
  return new Date(NOW.getTime() + days * DAY_MS);
}

/** One of them is due after 2050, which is written in another form. */
function aList(authority: Authority, count: number, serial: () => string): string {
  return createCrl({
    authority,
    number: count * 200,
    thisUpdate: NOW,
    nextUpdate: count === 1 ? new Date('2051-01-01T00:00:00Z') : day(7),
    revoked: Array.from({ length: count }, (_, n) => ({
      serial: serial(),
      date: day(-n),
      reason: REASONS[n % REASONS.length] as 'superseded',
    })),
  });
}

/** A registry with two members, and a fork by one of them: the first `common` entries are the same. */
async function aFault(
  federation: FederationId,
  vouchers: RootVouchers,
  { bytes: random }: Chance,
  common: number,
  size: number,
): Promise<unknown> {
  const quota = { entries: 1000n, bytes: 1_000_000n };
  const hub = create(AdmitSchema, { member: LYON, keys: keysOf('LYON'), quota });
  hub.rootSignature = signAsRoot(federation, hub, ROOT.secretKey);
  const nl = create(AdmitSchema, { member: 'NL', keys: keysOf('NL'), quota });
  const registry = await Registry.open(createMemoryStore(), {
    federation,
    rootKey: ROOT.publicKey,
    hubKeys: keysOf('LYON'),
  });
  const acts = [hub, nl].map((value) =>
    buildEntry({ statement: { case: 'admit', value }, now: NOW.getTime() / 1000, random }),
  );
  await registry.log.append(acts, ed25519Signer(registry.log.name, secretsOf('LYON').log));
  const name = logName(federation, parseMemberCode('NL'));
  const signer = ed25519Signer(name, secretsOf('NL').log);
  const log = await Log.open(name, createMemoryStore(), {
    keys: () => [secretsOf('NL').log.publicKey],
    keysAt: () => [secretsOf('NL').log.publicKey],
    cut: () => undefined,
    examine: () => undefined,
  });
  await log.append(entries(40), signer);
  const other = [...entries(common), ...entries(size - common, common, 'other')];
  const fault = (await log.consider(noteOver(other, signer))) as Fault;
  return faultDocument(vouchers, registry.log, fault);
}
