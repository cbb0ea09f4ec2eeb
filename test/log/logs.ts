// Logs for the tests: an author's, grown by appends, and a reader's, grown by the author's segments.

import { keyPairOf } from '../../node/keys/ed25519.js';
import { Log } from '../../node/log/log.js';
import type { LogRules } from '../../node/log/log-rules.js';
import { readSegment } from '../../node/log/read-segment.js';
import { type LogName, LYON } from '../../node/names.js';
import type { LogStore } from '../../node/store/log-store.js';
import { createMemoryStore } from '../../node/store/memory-store.js';
import { signCheckpoint } from '../../node/tlog/checkpoint.js';
import { appendLeaves, EMPTY_RANGE, rootOf } from '../../node/tlog/compact-range.js';
import { leafHash } from '../../node/tlog/hash.js';
import { ed25519Signer } from '../../node/tlog/note.js';
import type { Segment } from '../../proto/gen/icse/v1/exchange_pb.js';

export const NL = `icse/${'ab'.repeat(32)}/NL` as LogName;
export const AUTHOR = keyPairOf(new Uint8Array(32).fill(1));
export const SIGNER = ed25519Signer(NL, AUTHOR);

/** Rules that take everything under the author's key. */
export function rules(changes: Partial<LogRules> = {}): LogRules {
  const keys = () => [AUTHOR.publicKey];
  return { keys, keysAt: keys, cut: () => undefined, examine: () => undefined, ...changes };
}

export function openLog(store: LogStore = createMemoryStore(), changes?: Partial<LogRules>): Promise<Log> {
  return Log.open(NL, store, rules(changes));
}

/** Entries that are told apart by their number. */
export function entries(count: number, first = 0, text = 'entry'): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => new Uint8Array(Buffer.from(`${text} ${first + i}`)));
}

/** A log with so many entries, appended at once. */
export async function aLog(count: number, store?: LogStore): Promise<Log> {
  const log = await openLog(store);
  if (count > 0) await log.append(entries(count), SIGNER);
  return log;
}

/** The author's note over these entries, whatever any log holds. */
export function noteOver(all: readonly Uint8Array[], signer = SIGNER): Uint8Array {
  const range = appendLeaves(EMPTY_RANGE, all.map(leafHash));
  return signCheckpoint({ log: signer.name, size: range.size, root: rootOf(range) }, signer);
}

export async function segmentOf(log: Log, from: number, maxBytes = 1e6, limit?: number): Promise<Segment> {
  const segment = await readSegment(log, LYON, from, maxBytes, limit);
  if (segment === undefined) throw new Error(`the log has nothing to send from ${from} on`);
  return segment;
}
