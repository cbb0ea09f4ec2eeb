// The thread on which long logs are sorted (bulk-thread.ts).

import { parentPort } from 'node:worker_threads';
import { ClassicLevel } from 'classic-level';
import type { BulkTask, Numbered } from './bulk-thread.js';
import { type MergedRun, type MergeTask, mergeRuns } from './run-merge.js';
import { sortOut } from './sort-out.js';

parentPort?.on('message', async ({ number, content: task }: Numbered<BulkTask>) => {
  if (task.kind === 'merge') {
    parentPort?.postMessage({ number, content: await mergeIn(task.location, task.task) });
    return;
  }
  const sorted = sortOut(task.stretch, task.filters);
  const bytes = [sorted.fates.buffer, sorted.packs.buffer, sorted.run.rows.buffer] as ArrayBuffer[];
  parentPort?.postMessage({ number, content: sorted }, [...new Set(bytes)]);
});

/**
 * Merges in the database that the node has open: within a process both are one LevelDB. It is let go of before the
 * answer, because the first to open it must be the last to close it.
 */
async function mergeIn(location: string, task: MergeTask): Promise<MergedRun> {
  const database = new ClassicLevel<Uint8Array, Uint8Array>(location, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    createIfMissing: false,
    multithreading: true,
  });
  await database.open();
  try {
    return await mergeRuns(database, task);
  } finally {
    await database.close();
  }
}
