// A registry for the tests: acts written by a hub with known keys, in memory.

import { create } from '@bufbuild/protobuf';
import { keyPairOf } from '../../node/keys/ed25519.js';
import { deriveSecrets, type MemberSecrets, publicKeysOf } from '../../node/keys/seed.js';
import {
  type FederationId,
  type LogName,
  LYON,
  logName,
  parseFederationId,
  parseMemberCode,
} from '../../node/names.js';
import { Registry } from '../../node/registry/registry.js';
import { signAsRoot } from '../../node/registry/root-signature.js';
import { buildEntry, type EntryParts } from '../../node/statements/build.js';
import type { LogStore } from '../../node/store/log-store.js';
import { createMemoryStore } from '../../node/store/memory-store.js';
import { EMPTY_ROOT } from '../../node/tlog/hash.js';
import { ed25519Signer, type NoteSigner } from '../../node/tlog/note.js';
import {
  AdmitSchema,
  type Cut,
  CutSchema,
  EpochSchema,
  type MemberKeys,
  MemberKeysSchema,
  PastLogSchema,
  ReinstateSchema,
  RotateSchema,
  SuspendSchema,
} from '../../proto/gen/icse/v1/registry_pb.js';
import { random } from '../exchange/random.js';

export type Act = EntryParts['statement'];

export const FEDERATION: FederationId = parseFederationId('cd'.repeat(32));
export const ROOT = keyPairOf(new Uint8Array(32).fill(7));

/** Secrets by a name: `NL`, and after a rotation `NL again`. */
export function secretsOf(name: string): MemberSecrets {
  const seed = new Uint8Array(32);
  seed.set(Buffer.from(name));
  return deriveSecrets(seed);
}

export function keysOf(name: string) {
  return create(MemberKeysSchema, publicKeysOf(secretsOf(name)));
}

const QUOTA = { entries: 1000n, bytes: 1_000_000n };

export function log(short: string): LogName {
  const [owner, generation] = short.split('.') as [string, string | undefined];
  return logName(
    FEDERATION,
    owner === 'registry' ? undefined : parseMemberCode(owner),
    Number(generation ?? 1),
  );
}

/** A place in a log; the root is made of the byte given, or is that of nothing. */
export function cut(short: string, size: number, byte = 5): Cut {
  const root = size === 0 ? EMPTY_ROOT : new Uint8Array(32).fill(byte);
  return create(CutSchema, { log: log(short), size: BigInt(size), root });
}

export function past(short: string, size: number, key: Uint8Array) {
  return create(PastLogSchema, { cut: cut(short, size), key });
}

/** An admission; that of the hub bears the root's signature. */
export function admit(member: string, keys = member, earlier: ReturnType<typeof past>[] = []): Act {
  const value = create(AdmitSchema, { member, keys: keysOf(keys), quota: QUOTA, past: earlier });
  if (member === LYON) value.rootSignature = signAsRoot(FEDERATION, value, ROOT.secretKey);
  return { case: 'admit', value };
}
export const suspend = (member: string, at: Cut): Act => ({
  case: 'suspend',
  value: create(SuspendSchema, { member, cut: at }),
});
export const reinstate = (member: string, resume: Cut): Act => ({
  case: 'reinstate',
  value: create(ReinstateSchema, { member, resume }),
});
export function rotate(member: string, keys: string, at: Cut, rootKey?: Uint8Array): Act {
  const value = create(RotateSchema, { member, keys: keysOf(keys), cut: at });
  if (rootKey !== undefined) value.rootSignature = signAsRoot(FEDERATION, value, rootKey);
  return { case: 'rotate', value };
}
export function epoch(parts: { keys?: MemberKeys; previous?: Cut } = {}, rootKey = ROOT.secretKey): Act {
  const value = create(EpochSchema, {
    previous: cut('registry', 3),
    keys: keysOf('LYON'),
    address: 'lyon.example:7400',
    quota: QUOTA,
    past: [past('LYON', 0, secretsOf('LYON').log.publicKey)],
    schema: 1,
    ...parts,
  });
  value.rootSignature = signAsRoot(FEDERATION, value, rootKey);
  return { case: 'epoch', value };
}

export function entryOf(act: Act): Uint8Array {
  return buildEntry({ statement: act, now: 1_760_000_000, random });
}

/** The hub's signer for a registry of the generation. */
export function signer(keys = 'LYON', generation = 1): NoteSigner {
  return ed25519Signer(logName(FEDERATION, undefined, generation), secretsOf(keys).log);
}

export function openRegistry(store: LogStore = createMemoryStore(), hub = 'LYON'): Promise<Registry> {
  return Registry.open(store, { federation: FEDERATION, rootKey: ROOT.publicKey, hubKeys: keysOf(hub) });
}

/** A hub's registry that says these acts after it has admitted the hub. */
export async function aRegistry(acts: readonly Act[], store?: LogStore): Promise<Registry> {
  const registry = await openRegistry(store);
  await registry.log.append([admit(LYON), ...acts].map(entryOf), signer());
  return registry;
}
