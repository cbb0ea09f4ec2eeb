// replicate.rawLimit: what the wire and the disk alone would allow. The author's entries go over the same gRPC
// stream under the same mutual TLS from one process to another, which writes them to LevelDB and checks nothing.

import { fileURLToPath } from 'node:url';
import { end, launchOwn, message } from './children.js';
import { type Figure, MEMBERS } from './figure.js';
import type { ReceiverDone, ReceiverTask, SenderTask } from './raw-stream.js';
import { resultOf } from './result.js';

const SENDER = fileURLToPath(new URL('raw-sender.js', import.meta.url));
const RECEIVER = fileURLToPath(new URL('raw-receiver.js', import.meta.url));

export const rawLimit: Figure = {
  names: ['replicate.rawLimit'],
  members: [MEMBERS.author, MEMBERS.receiver],
  async measure({ author, sizes, scratch, federation }) {
    const entries = sizes.replicated;
    const home = await author.stopped(entries);
    const rates: number[] = [];
    for (let run = 0; run < sizes.runs; run++) {
      const sender = launchOwn(SENDER, { home, author: author.code, entries } satisfies SenderTask);
      const { address } = await message<{ address: string }>(sender);
      const database = scratch.fresh('raw');
      const receiver = launchOwn(RECEIVER, {
        home: federation.home(MEMBERS.receiver),
        author: author.code,
        address,
        entries,
        database,
      } satisfies ReceiverTask);
      const { tookMs } = await message<ReceiverDone>(receiver);
      await Promise.all([end(sender), end(receiver)]);
      await scratch.remove(database);
      rates.push((entries * 1000) / tookMs);
    }
    return [resultOf('replicate.rawLimit', '/s', rates)];
  },
};
