// PurgedUpTo: a member's word that of the first `size` entries of a log nothing is left with it that a retraction
// among them takes back, nor anything whose keeping was over and due to be dropped. Signed by the receipt key, under
// a label of its own:
//
//   icse/purged/v1
//   <federation, 64 hex digits>
//   FR
//   icse/<federation>/NL
//   2
//   1767225600

import { create } from '@bufbuild/protobuf';
import { type PurgedUpTo, PurgedUpToSchema } from '../../proto/gen/icse/v1/exchange_pb.js';
import { Failure } from '../failure.js';
import { type KeyPair, sign, verify } from '../keys/ed25519.js';
import { safeSize } from '../log/item.js';
import { type FederationId, type LogName, type MemberCode, parseLogName, parseMemberCode } from '../names.js';
import type { RegistryState } from '../registry/state.js';
import type { Evidence } from './evidence-book.js';

const LABEL = 'icse/purged/v1';
const SIGNATURE_BYTES = 64;

/** A PurgedUpTo as it is kept. */
export interface KeptPurged extends Evidence {
  /** UTC seconds since 1970 at the signer. */
  readonly time: number;
  readonly signature: Uint8Array;
}

/** This node's word on a log. */
export function signPurged(
  federation: FederationId,
  log: LogName,
  size: number,
  me: MemberCode,
  receiptKey: KeyPair,
  nowMs: number,
): KeptPurged {
  const said = { log, by: me, size, time: Math.floor(nowMs / 1000) };
  return { ...said, signature: sign(receiptKey.secretKey, signedText(federation, said)) };
}

/** Checks what a peer said against the registry. Throws Failure 'bad-purged-up-to'. */
export function readPurged(message: PurgedUpTo, registry: RegistryState): KeptPurged {
  const log = message.log as LogName;
  const by = parseMemberCode(message.by);
  const size = safeSize(message.size);
  const time = safeSize(message.time);
  const key = registry.members.get(by)?.keys.receipt;
  if (parseLogName(log).member === undefined || !registry.logs.has(log) || key === undefined || size === 0) {
    throw new Failure('bad-purged-up-to', `${by} tells of no purge that could be known here`);
  }
  const said = { log, by, size, time };
  const { signature } = message;
  if (
    signature.length !== SIGNATURE_BYTES ||
    !verify(key, signedText(registry.federation, said), signature)
  ) {
    throw new Failure('bad-purged-up-to', `the signature of ${by} under a purge of ${log} is not its own`);
  }
  return { ...said, signature: new Uint8Array(signature) };
}

/** What is kept, for the wire again. */
export function purgedMessage({ log, by, size, time, signature }: KeptPurged): PurgedUpTo {
  return create(PurgedUpToSchema, { log, by, size: BigInt(size), time: BigInt(time), signature });
}

function signedText(
  federation: FederationId,
  { log, by, size, time }: Omit<KeptPurged, 'signature'>,
): Uint8Array {
  return Buffer.from(`${[LABEL, federation, by, log, size, time].join('\n')}\n`);
}
