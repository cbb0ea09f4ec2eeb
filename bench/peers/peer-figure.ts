// replicate.hypercore and replicate.pouchdb: the same replication by other software, from one process to
// another, with each of its settings, of which the fastest counts.

import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { end, launchOwn, message } from '../children.js';
import type { Figure } from '../figure.js';
import { resultOf } from '../result.js';
import { installPeers } from './install.js';
import type { AuthorReady, AuthorTask, ReceiverDone, ReceiverTask } from './task.js';

export const hypercore = peerFigure('hypercore', [
  'range, then index',
  'range, index meanwhile',
  'linear range, index meanwhile',
  'a thousand gets at once',
]);

export const pouchdb = peerFigure('pouchdb', [
  'view at the end',
  'view every ten batches',
  'one revision kept, view at the end',
]);

function peerFigure(peer: string, settings: readonly string[]): Figure {
  const program = (role: string): string => fileURLToPath(new URL(`${peer}-${role}.js`, import.meta.url));
  return {
    names: [`replicate.${peer}`],
    members: [],
    async measure({ sizes, scratch, author, say }) {
      await author.stop();
      await installPeers(say);
      const records = sizes.peers;
      const authorsFolder = scratch.fresh(peer);
      await mkdir(authorsFolder);
      const serving = launchOwn(program('author'), { folder: authorsFolder, records } satisfies AuthorTask);
      let fastest = 0;
      try {
        const ready = await message<AuthorReady>(serving);
        for (const setting of settings) {
          const folder = scratch.fresh(peer);
          await mkdir(folder);
          const task: ReceiverTask = { folder, records, setting, ...ready };
          const receiver = launchOwn(program('receiver'), task);
          const { tookMs } = await message<ReceiverDone>(receiver);
          await end(receiver);
          await scratch.remove(folder);
          const rate = (records * 1000) / tookMs;
          say(`${peer}, ${setting}: ${Math.round(rate)}/s`);
          fastest = Math.max(fastest, rate);
        }
      } finally {
        await end(serving);
        await scratch.remove(authorsFolder);
      }
      return [resultOf(`replicate.${peer}`, '/s', [fastest])];
    },
  };
}
