// What members have signed of their purges, on disk. It is evidence for a court: so it is synced.

import type { TextDatabase } from '../store/text-database.js';
import { type EvidenceBook, openEvidenceBook } from './evidence-book.js';
import type { KeptPurged } from './purged-up-to.js';

export type PurgedBook = EvidenceBook<KeptPurged>;

/** Opens the book in a database of its own, keys and values as text. */
export function openPurgedBook(database: TextDatabase): Promise<PurgedBook> {
  return openEvidenceBook(database, { kind: 'purged', isSynced: true, encode, decode });
}

function encode(purged: KeptPurged): string {
  return JSON.stringify({ ...purged, signature: Buffer.from(purged.signature).toString('base64') });
}

function decode(text: string): KeptPurged {
  const { signature, ...rest } = JSON.parse(text) as Omit<KeptPurged, 'signature'> & { signature: string };
  return { ...rest, signature: Buffer.from(signature, 'base64') };
}
