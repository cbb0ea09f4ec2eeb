// The author of replicate.pouchdb: a database with a document a record, which it reads by the thousand and sends,
// with its revisions, a line for each thousand, to whoever connects.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { recordJson } from '../media-records.js';
import { openPouch, type Pouch } from './pouchdb.js';
import { type AuthorReady, type AuthorTask, BATCH, onTask } from './task.js';

onTask(async ({ folder, records }: AuthorTask): Promise<AuthorReady> => {
  const pouch = openPouch(join(folder, 'author'));
  for (let at = 0; at < records; at += BATCH) {
    const length = Math.min(BATCH, records - at);
    await pouch.bulkDocs(Array.from({ length }, (_, offset) => document(at + offset)));
  }
  const server = createServer((socket) => {
    socket.on('error', () => {});
    send(pouch, socket).catch((error: unknown) => {
      process.stderr.write(`${error}\n`);
      process.exit(1);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, key: '' };
});

/** Ids in the order of the records: what PouchDB likes best. */
function document(number: number): object {
  return { _id: String(number).padStart(12, '0'), ...recordJson('peer', number) };
}

async function send(pouch: Pouch, socket: Socket): Promise<void> {
  for (let startkey = '', skip = 0; ; skip = 1) {
    const { rows } = await pouch.allDocs({ include_docs: true, limit: BATCH, startkey, skip });
    if (rows.length === 0) break;
    startkey = rows.at(-1)?.id as string;
    if (!socket.write(`${JSON.stringify(rows.map(({ doc }) => doc))}\n`)) await once(socket, 'drain');
  }
  socket.end();
}
