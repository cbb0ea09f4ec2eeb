// start.1m, memory.*, disk.perEntry, purge.1m: a node that has taken a log of a million records and indexed it.

import { setTimeout as pause } from 'node:timers/promises';
import { type Figure, MEMBERS } from './figure.js';
import { startNode } from './icse.js';
import { purgeOfLarge } from './purge.js';
import { replicateTo } from './replicate.js';
import { resultOf } from './result.js';
import { diskBytes } from './scratch.js';
import { untilFound } from './until.js';

/** What a start needs only once is let go of by then. */
const SETTLE_MS = 2000;

export const million: Figure = {
  names: ['start.1m', 'memory.1m', 'memory.peak', 'disk.perEntry', 'purge.1m'],
  members: [MEMBERS.author, MEMBERS.receiver],
  async measure(bench) {
    const { author, scratch, sizes } = bench;
    const size = sizes.million;
    const { node } = await replicateTo(bench, size);
    const { peak } = await node.memory();
    await node.stop();
    await author.stop();
    const disk = (await diskBytes(node.home)) / size;
    const startMs: number[] = [];
    const resident: number[] = [];
    for (let run = 0; run < sizes.runs; run++) {
      const before = performance.now();
      const again = await startNode(node.home);
      try {
        await untilFound(again, author.code, author.hashesAt(size - 1).sha256);
        startMs.push(performance.now() - before);
        await pause(SETTLE_MS);
        resident.push((await again.memory()).resident);
      } finally {
        await again.stop();
      }
    }
    const purgeMs = await purgeOfLarge(bench, node.home, size);
    await scratch.remove(node.home);
    return [
      resultOf('start.1m', 'ms', startMs),
      resultOf('memory.1m', 'bytes', resident),
      resultOf('memory.peak', 'bytes', [peak]),
      resultOf('disk.perEntry', 'bytes', [disk]),
      resultOf('purge.1m', 'ms', [purgeMs]),
    ];
  },
};
