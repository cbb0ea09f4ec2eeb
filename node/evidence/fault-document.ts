// A proof of a fork as one document that anyone can check offline with the federation's id alone (the
// fingerprint of the root certificate). It leads from there to the key that signed both checkpoints:
// root certificate → Ed25519 root key → the hub's keys (entry 0) → the registry → the author's log key.
//
//   { "type": "icse-fault/v1", "federation": "5f0c...", "root": "-----BEGIN CERTIFICATE-----...",
//     "rootKey": "<base64>", "rootKeySignature": "<base64>",
//     "registry": { "checkpoint": "<signed note>", "entries": ["<base64>", ...] }, "fault": "<base64>" }

import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { z } from 'zod';
import { federationIdOf } from '../../certs/authority.js';
import { isRootKeyCertified } from '../../certs/root-key.js';
import { type Fault, FaultSchema } from '../../proto/gen/icse/v1/exchange_pb.js';
import { Failure } from '../failure.js';
import { verifyFork } from '../log/fork.js';
import { isHole } from '../log/item.js';
import type { Log } from '../log/log.js';
import { type LogName, LYON, parseFederationId, parseLogName } from '../names.js';
import { keysAt } from '../registry/log-keys.js';
import {
  applyRegistryEntry,
  emptyRegistry,
  hubKeys,
  type RegistryState,
  registryLog,
} from '../registry/state.js';
import { decodeEntry } from '../statements/entry.js';
import { brokenRules } from '../statements/rules.js';
import { decodeBase64 } from '../tlog/base64.js';
import { openCheckpoint } from '../tlog/checkpoint.js';
import { appendLeaves, EMPTY_RANGE, rootOf } from '../tlog/compact-range.js';
import { leafHash } from '../tlog/hash.js';
import { ed25519Verifier } from '../tlog/note.js';

/** A document that proves nothing: code 'bad-proof-document'. */
export class BadProofDocument extends Failure {
  constructor(message: string, cause?: unknown) {
    super('bad-proof-document', message, cause);
  }
}

/** What links the federation's fingerprint to its registry. */
export interface RootVouchers {
  readonly rootPem: string;
  readonly rootKey: Uint8Array;
  readonly rootKeySignature: Uint8Array;
}

export interface ProvenFault {
  readonly kind: 'fork';
  readonly log: LogName;
  readonly member: string;
  /** Sizes of the two heads that contradict each other. */
  readonly first: number;
  readonly second: number;
}

/** Base64 in its one spelling, so that no byte of a document can be altered and the document still be good. */
const base64 = z.string().transform((text, context): Uint8Array => {
  const bytes = decodeBase64(text);
  if (bytes !== undefined) return bytes;
  context.addIssue({ code: 'custom', message: 'is not base64' });
  return z.NEVER;
});

const FaultDocument = z.strictObject({
  type: z.literal('icse-fault/v1'),
  federation: z.string(),
  root: z.string(),
  rootKey: base64,
  rootKeySignature: base64,
  registry: z.strictObject({ checkpoint: z.string(), entries: z.array(base64).max(1_000_000) }),
  fault: base64,
});

/** The document for a fault that this node holds. */
export async function faultDocument(vouchers: RootVouchers, registry: Log, fault: Fault): Promise<unknown> {
  const { settled } = registry;
  const entries = await registry.read(0, settled?.size ?? 0);
  return {
    type: 'icse-fault/v1',
    federation: parseLogName(registry.name).federation,
    root: vouchers.rootPem,
    rootKey: text(vouchers.rootKey),
    rootKeySignature: text(vouchers.rootKeySignature),
    registry: {
      checkpoint: Buffer.from(settled?.note ?? []).toString(),
      entries: entries.map((entry) => text(isHole(entry) ? new Uint8Array(0) : entry)),
    },
    fault: text(toBinary(FaultSchema, fault)),
  };
}

/**
 * Checks a document against the federation's id, and nothing else. Throws BadProofDocument or NotAFork, which
 * say at which link the chain breaks.
 */
export function verifyFaultDocument(document: unknown, federation: string): ProvenFault {
  const parsed = FaultDocument.safeParse(document);
  if (!parsed.success)
    throw new BadProofDocument('this is not a proof of a fault (icse-fault/v1)', parsed.error);
  const { root, rootKey, rootKeySignature, registry } = parsed.data;
  const id = parseFederationId(federation);
  if (parsed.data.federation !== id)
    throw new BadProofDocument(`the document is about another federation than ${id}`);
  checked('the root certificate cannot be read', () => {
    if (federationIdOf(root) !== id)
      throw new BadProofDocument(`the root certificate is not that of federation ${id}`);
    if (!isRootKeyCertified(root, id, rootKey, rootKeySignature)) {
      throw new BadProofDocument('the root certificate does not vouch for the root key');
    }
  });
  const fault = checked('the fault cannot be read', () => fromBinary(FaultSchema, parsed.data.fault));
  const log = fault.log as LogName;
  const { member, generation } = parseLogName(log);
  const state = checked('the registry does not hold', () =>
    foldRegistry(parsed.data.registry.entries, id, rootKey),
  );
  const hub = hubKeys(state)?.log ?? new Uint8Array(32);
  checked('the registry is not under a checkpoint of the hub', () => {
    const head = openCheckpoint(Buffer.from(registry.checkpoint), ed25519Verifier(registryLog(state), hub));
    const tree = rootOf(appendLeaves(EMPTY_RANGE, registry.entries.map(leafHash)));
    if (head.size !== registry.entries.length || Buffer.compare(head.root, tree) !== 0) {
      throw new BadProofDocument('its entries are not those of the checkpoint');
    }
  });
  if (member !== undefined && !state.logs.has(log))
    throw new BadProofDocument(`the registry knows no log ${member}, generation ${generation}`);
  return {
    kind: 'fork',
    log,
    member: member ?? LYON,
    ...verifyFork(log, (size) => keysAt(state, log, size), fault),
  };
}

function foldRegistry(
  entries: readonly Uint8Array[],
  federation: ReturnType<typeof parseFederationId>,
  rootKey: Uint8Array,
): RegistryState {
  const [first] = entries;
  if (first === undefined) throw new BadProofDocument('it is empty');
  const begin = decodeEntry(first).statement;
  const generation =
    begin.case === 'epoch' ? parseLogName(begin.value.previous?.log ?? '').generation + 1 : 1;
  return entries.reduce<RegistryState>(
    (state, bytes) => {
      const entry = decodeEntry(bytes);
      const broken = brokenRules(entry, 'registry');
      if (broken.length > 0) throw new BadProofDocument(`entry ${state.size}: ${broken.join('; ')}`);
      return applyRegistryEntry(state, entry, rootKey);
    },
    emptyRegistry(federation, generation),
  );
}

function checked<Value>(what: string, check: () => Value): Value {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new BadProofDocument(`${what}: ${error.message}`, error);
  }
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
