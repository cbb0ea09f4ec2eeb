// What members have signed about logs, on disk: the newest by each member on each log, and how far each peer has been
// sent it. Small enough to be held in memory whole.
//
//   <kind> <log> <member>                -> what it signed, as JSON
//   sent <peer> <log> <member>           -> size

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
  /** The size up to which the peer has been sent the evidence of `by` on the log. */
  sent(to: MemberCode, log: LogName, by: MemberCode): number;
  markSent(to: MemberCode, log: LogName, by: MemberCode, size: number): void;
  /** Resolves when all is written. */
  written(): Promise<void>;
  /** Resolves when the evidence that was put survives a power cut; undefined when all of it does. */
  keeping(): Promise<void> | undefined;
}

export interface EvidenceForm<E extends Evidence> {
  readonly kind: string;
  encode(evidence: E): string;
  decode(text: string): E;
}

/** Opens the book in a database of its own, keys and values as text. */
export async function openEvidenceBook<E extends Evidence>(
  database: TextDatabase,
  { kind, encode, decode }: EvidenceForm<E>,
): Promise<EvidenceBook<E>> {
  const kept = new Map<LogName, Map<MemberCode, E>>();
  const sent = new Map<string, number>();
  let writing: Promise<void> = Promise.resolve();
  /** Put last, and not synced; a database keeps its writes in their order. */
  let last: readonly [key: string, value: string] | undefined;
  let syncing: Promise<void> | undefined;

  for await (const [key, value] of database.iterator()) {
    if (key.startsWith('sent ')) sent.set(key.slice(5), Number(value));
    else keep(decode(value));
  }

  function keep(evidence: E): void {
    const on = kept.get(evidence.log) ?? new Map<MemberCode, E>();
    kept.set(evidence.log, on.set(evidence.by, evidence));
  }

  function write(key: string, value: string, ...options: [{ readonly sync: true }?]): Promise<void> {
    writing = writing.catch(() => {}).then(() => database.put(key, value, ...options));
    writing.catch(() => {});
    return writing;
  }

  /** One synced write for all that came since the one before. */
  function sync(key: string, value: string): Promise<void> {
    last = undefined;
    const mine = write(key, value, { sync: true });
    syncing = mine;
    const over = (): void => {
      if (syncing === mine) syncing = undefined;
    };
    mine.then(over, () => {
      over();
      last ??= [key, value];
    });
    return mine;
  }

  return {
    put(evidence) {
      const before = kept.get(evidence.log)?.get(evidence.by);
      if (before !== undefined && before.size >= evidence.size) return false;
      keep(evidence);
      last = [`${kind} ${evidence.log} ${evidence.by}`, encode(evidence)];
      void write(...last);
      return true;
    },
    get: (log, by) => kept.get(log)?.get(by),
    on: (log) => [...(kept.get(log)?.values() ?? [])].sort((a, b) => (a.by < b.by ? -1 : 1)),
    sent: (to, log, by) => sent.get(`${to} ${log} ${by}`) ?? -1,
    markSent(to, log, by, size) {
      sent.set(`${to} ${log} ${by}`, size);
      void write(`sent ${to} ${log} ${by}`, String(size));
    },
    written: () => writing,
    keeping: () => (last === undefined ? syncing : sync(...last)),
  };
}
