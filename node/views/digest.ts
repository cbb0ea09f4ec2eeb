// What the views hold, in one hash each and one over all: equal on all nodes of the same versions that have
// followed the same logs as far, on the same UTC day. Made by reading everything, on demand.
//
//   viewsDigest = SHA-256("icse views v1" LF, then for each view: name SP version SP digest in hex LF)

import { createHash } from 'node:crypto';
import type { Snapshot, ViewsDatabase } from './buffered-db.js';
import type { LogTable } from './log-table.js';
import type { View } from './view.js';

export interface ViewDigest {
  readonly name: string;
  readonly version: number;
  /** Lower-case hex. */
  readonly digest: string;
}

export interface Digests {
  readonly views: readonly ViewDigest[];
  /** Lower-case hex. */
  readonly viewsDigest: string;
}

export async function digestViews(
  views: readonly View[],
  db: ViewsDatabase,
  snapshot: Snapshot,
  logs: LogTable,
): Promise<Digests> {
  const digests: ViewDigest[] = [];
  const over = createHash('sha256').update('icse views v1\n');
  for (const view of views) {
    const hash = createHash('sha256');
    await view.digest(db, snapshot, logs, hash);
    const digest = hash.digest('hex');
    digests.push({ name: view.name, version: view.version, digest });
    over.update(`${view.name} ${view.version} ${digest}\n`);
  }
  return { views: digests, viewsDigest: over.digest('hex') };
}
