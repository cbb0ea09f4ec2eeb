// The receiver of replicate.hypercore: takes the core over TCP, which hypercore verifies, and puts three keys a
// record into LevelDB in batches of a thousand.

import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { type Core, openCore } from './hypercore.js';
import { recordOf } from './record-block.js';
import { BATCH, onTask, type ReceiverDone, type ReceiverTask } from './task.js';

type Index = ClassicLevel<Uint8Array, string>;

onTask(async ({ folder, records, port, key, setting }: ReceiverTask): Promise<ReceiverDone> => {
  const core = await openCore(join(folder, 'core'), Buffer.from(key, 'hex'));
  const index: Index = new ClassicLevel<Uint8Array, string>(join(folder, 'index'), { keyEncoding: 'view' });
  await index.open();
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.setNoDelay(true);
  const before = performance.now();
  const stream = core.replicate(true);
  for (const end of [socket, stream]) end.on('error', () => {});
  socket.pipe(stream).pipe(socket);
  await take(core, index, records, setting);
  const tookMs = performance.now() - before;
  socket.destroy();
  await index.close();
  return { tookMs };
});

async function take(core: Core, index: Index, records: number, setting: string): Promise<void> {
  switch (setting) {
    case 'range, then index':
      await core.download({ start: 0, end: records }).done();
      return indexAll(core, index, records);
    case 'linear range, index meanwhile': {
      const range = core.download({ start: 0, end: records, linear: true });
      await indexAll(core, index, records);
      return range.done();
    }
    case 'range, index meanwhile': {
      const range = core.download({ start: 0, end: records });
      await indexAll(core, index, records);
      return range.done();
    }
    case 'a thousand gets at once':
      return indexAll(core, index, records);
    default:
      throw new Error(`no such setting: ${setting}`);
  }
}

/** Reads the blocks in order, a thousand at once, wherever they come from. */
async function indexAll(core: Core, index: Index, records: number): Promise<void> {
  let writing = Promise.resolve();
  for (let from = 0; from < records; from += BATCH) {
    const length = Math.min(BATCH, records - from);
    const blocks = await Promise.all(Array.from({ length }, (_, offset) => core.get(from + offset)));
    const puts = blocks.flatMap((block, offset) => {
      const { sha256, sha1, md5 } = recordOf(block);
      const value = String(from + offset);
      return [sha256, sha1, md5].map((hash) => ({ type: 'put' as const, key: hash, value }));
    });
    await writing;
    writing = index.batch(puts);
  }
  await writing;
}
