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
    const peaks: number[] = [];
    const disks: number[] = [];
    let home = '';
    for (let run = 0; run < sizes.runs; run++) {
      if (run > 0) await scratch.remove(home);
      const { node } = await replicateTo(bench, size);
      peaks.push((await node.memory()).peak);
      await node.stop();
      disks.push((await diskBytes(node.home)) / size);
      home = node.home;
    }
    await author.stop();
    const startMs: number[] = [];
    const resident: number[] = [];
    for (let run = 0; run < sizes.runs; run++) {
      const before = performance.now();
      const again = await startNode(home);
      try {
        await untilFound(again, author.code, author.hashesAt(size - 1).sha256);
        startMs.push(performance.now() - before);
        await pause(SETTLE_MS);
        resident.push((await again.memory()).resident);
      } finally {
        await again.stop();
      }
    }
    const purgeMs = await purgeOfLarge(bench, home, size);
    await scratch.remove(home);
    return [
      resultOf('start.1m', 'ms', startMs),
      resultOf('memory.1m', 'bytes', resident),
      resultOf('memory.peak', 'bytes', peaks),
      resultOf('disk.perEntry', 'bytes', disks),
      resultOf('purge.1m', 'ms', [purgeMs]),
    ];
  },
};
