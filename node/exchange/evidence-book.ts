// What members have signed about logs, on disk: the newest by each member on each log. Small enough to be held in memory
// whole.
//
//   <kind> <log> <member>                -> what it signed, as JSON

import type { LogName, MemberCode } from '../names.js';
import type { TextDatabase } from '../store/text-database.js';

/** Something that a member has signed about a log up to a size. */
export interface Evidence {
  readonly log: LogName;
  readonly by: MemberCode;
  readonly size: number;
}

export interface EvidenceBook<E extends Evidence> {
  /** Keeps the evidence when it is newer than what is kept; says whether it was. */
  put(evidence: E): boolean;
  get(log: LogName, by: MemberCode): E | undefined;
  /** Evidence on a log, ascending by member. */
  on(log: LogName): E[];
  /** Resolves when all is written. */
  written(): Promise<void>;
}

export interface EvidenceForm<E extends Evidence> {
  readonly kind: string;
  /** Survives a power cut. */
  readonly isSynced: boolean;
  encode(evidence: E): string;
  decode(text: string): E;
}

/** Opens the book in a database of its own, keys and values as text. */
export async function openEvidenceBook<E extends Evidence>(
  database: TextDatabase,
  { kind, isSynced, encode, decode }: EvidenceForm<E>,
): Promise<EvidenceBook<E>> {
  const kept = new Map<LogName, Map<MemberCode, E>>();
  let writing: Promise<void> = Promise.resolve();

  for await (const [key, value] of database.iterator()) {
    // Homes of before have other rows as well: how far each peer had been sent what.
    if (key.startsWith(`${kind} `)) keep(decode(value));
  }

  function keep(evidence: E): void {
    const on = kept.get(evidence.log) ?? new Map<MemberCode, E>();
    kept.set(evidence.log, on.set(evidence.by, evidence));
  }

  function write(key: string, value: string): void {
    // One that fails keeps none of the others from the disk.
    writing = writing
      .catch(() => {})
      .then(() => database.put(key, value, ...(isSynced ? [{ sync: true } as const] : [])));
    writing.catch(() => {});
  }

  return {
    put(evidence) {
      const before = kept.get(evidence.log)?.get(evidence.by);
      if (before !== undefined && before.size >= evidence.size) return false;
      keep(evidence);
      write(`${kind} ${evidence.log} ${evidence.by}`, encode(evidence));
      return true;
    },
    get: (log, by) => kept.get(log)?.get(by),
    on: (log) => [...(kept.get(log)?.values() ?? [])].sort((a, b) => (a.by < b.by ? -1 : 1)),
    written: () => writing,
  };
}
