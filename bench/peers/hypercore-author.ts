// The author of replicate.hypercore: a core with a block a record, served over TCP.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { openCore } from './hypercore.js';
import { recordBlock } from './record-block.js';
import { type AuthorReady, type AuthorTask, BATCH, onTask } from './task.js';

onTask(async ({ folder, records }: AuthorTask): Promise<AuthorReady> => {
  const core = await openCore(folder);
  for (let at = 0; at < records; at += BATCH) {
    const length = Math.min(BATCH, records - at);
    await core.append(Array.from({ length }, (_, offset) => recordBlock(at + offset)));
  }
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    const stream = core.replicate(false);
    // Whoever has what it came for hangs up.
    for (const end of [socket, stream]) end.on('error', () => {});
    socket.pipe(stream).pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, key: Buffer.from(core.key).toString('hex') };
});
