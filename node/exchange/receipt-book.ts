// Receipts on disk. Lost in a power cut, they are sent again to the node that starts after it.

import type { TextDatabase } from '../store/text-database.js';
import { type EvidenceBook, openEvidenceBook } from './evidence-book.js';
import type { KeptReceipt } from './receipts.js';

export type ReceiptBook = EvidenceBook<KeptReceipt>;

/** Opens the book in a database of its own, keys and values as text. */
export function openReceiptBook(database: TextDatabase): Promise<ReceiptBook> {
  return openEvidenceBook(database, { kind: 'receipt', isSynced: false, encode, decode });
}

function encode(receipt: KeptReceipt): string {
  return JSON.stringify({ ...receipt, note: Buffer.from(receipt.note).toString('utf8') });
}

function decode(text: string): KeptReceipt {
  const { note, ...rest } = JSON.parse(text) as Omit<KeptReceipt, 'note'> & { note: string };
  return { ...rest, note: Buffer.from(note, 'utf8') };
}
