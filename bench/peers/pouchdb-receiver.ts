// The receiver of replicate.pouchdb: takes documents over TCP, writes each thousand with one bulkDocs, and is
// done when the view finds the last of them.

import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { addView, find, follow, openPouch, type PouchSettings, type RecordDocument } from './pouchdb.js';
import { onTask, type ReceiverDone, type ReceiverTask } from './task.js';

interface Setting {
  readonly open: PouchSettings;
  /** The view follows each so many batches; 0 = at the end. */
  readonly followEvery: number;
}

const SETTINGS: Readonly<Record<string, Setting>> = {
  'view at the end': { open: {}, followEvery: 0 },
  'view every ten batches': { open: {}, followEvery: 10 },
  'one revision kept, view at the end': { open: { auto_compaction: true, revs_limit: 1 }, followEvery: 0 },
};

onTask(async ({ folder, records, port, setting }: ReceiverTask): Promise<ReceiverDone> => {
  const how = SETTINGS[setting];
  if (how === undefined) throw new Error(`no such setting: ${setting}`);
  const pouch = openPouch(join(folder, 'receiver'), how.open);
  await addView(pouch);
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const before = performance.now();
  let batches = 0;
  let last: RecordDocument | undefined;
  let received = 0;
  for await (const line of createInterface({ input: socket })) {
    const documents = JSON.parse(line) as RecordDocument[];
    // With the author's revisions, as PouchDB's own replication writes them.
    await pouch.bulkDocs(documents, { new_edits: false });
    received += documents.length;
    last = documents.at(-1);
    if (how.followEvery > 0 && ++batches % how.followEvery === 0) await follow(pouch);
  }
  if (received !== records || last === undefined) throw new Error(`${received} records came, not ${records}`);
  if ((await find(pouch, last.md5)) !== 1) throw new Error('the last record is not found');
  return { tookMs: performance.now() - before };
});
