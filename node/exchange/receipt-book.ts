// Receipts on disk: the newest by each member on each log, and how far each peer has been sent ours. Small
// enough to be held in memory whole; lost after a power cut they are only asked for again.

import type { LogName, MemberCode } from '../names.js';
import type { TextDatabase } from '../store/text-database.js';
import type { KeptReceipt } from './receipts.js';

export interface ReceiptBook {
  /** Keeps the receipt when it is newer than what is kept; says whether it was. */
  put(receipt: KeptReceipt): boolean;
  get(log: LogName, by: MemberCode): KeptReceipt | undefined;
  /** Receipts on a log, ascending by member. */
  on(log: LogName): KeptReceipt[];
  /** The size up to which the peer has been sent the receipt of `by` on the log. */
  sent(to: MemberCode, log: LogName, by: MemberCode): number;
  markSent(to: MemberCode, log: LogName, by: MemberCode, size: number): void;
  /** Resolves when all is written. */
  written(): Promise<void>;
}

/** Opens the book in a database of its own, keys and values as text. */
export async function openReceiptBook(database: TextDatabase): Promise<ReceiptBook> {
  const receipts = new Map<LogName, Map<MemberCode, KeptReceipt>>();
  const sent = new Map<string, number>();
  let writing: Promise<void> = Promise.resolve();

  for await (const [key, value] of database.iterator()) {
    if (key.startsWith('sent ')) sent.set(key.slice(5), Number(value));
    else keep(decode(value));
  }

  function keep(receipt: KeptReceipt): void {
    const on = receipts.get(receipt.log) ?? new Map<MemberCode, KeptReceipt>();
    receipts.set(receipt.log, on.set(receipt.by, receipt));
  }

  function write(key: string, value: string): void {
    writing = writing.then(() => database.put(key, value));
    writing.catch(() => {});
  }

  return {
    put(receipt) {
      const kept = receipts.get(receipt.log)?.get(receipt.by);
      if (kept !== undefined && kept.size >= receipt.size) return false;
      keep(receipt);
      write(`receipt ${receipt.log} ${receipt.by}`, encode(receipt));
      return true;
    },
    get: (log, by) => receipts.get(log)?.get(by),
    on: (log) => [...(receipts.get(log)?.values() ?? [])].sort((a, b) => (a.by < b.by ? -1 : 1)),
    sent: (to, log, by) => sent.get(`${to} ${log} ${by}`) ?? -1,
    markSent(to, log, by, size) {
      sent.set(`${to} ${log} ${by}`, size);
      write(`sent ${to} ${log} ${by}`, String(size));
    },
    written: () => writing,
  };
}

function encode(receipt: KeptReceipt): string {
  return JSON.stringify({ ...receipt, note: Buffer.from(receipt.note).toString('utf8') });
}

function decode(text: string): KeptReceipt {
  const { note, ...rest } = JSON.parse(text) as Omit<KeptReceipt, 'note'> & { note: string };
  return { ...rest, note: Buffer.from(note, 'utf8') };
}
