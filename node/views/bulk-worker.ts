// The thread on which bulk steps are sorted out (bulk-thread.ts).

import { parentPort } from 'node:worker_threads';
import { type Stretch, sortOut } from './sort-out.js';

parentPort?.on('message', ({ stretch, filters }: { stretch: Stretch; filters: Uint8Array[] }) => {
  const sorted = sortOut(stretch, filters);
  const bytes = [sorted.fates.buffer, sorted.packs.buffer, sorted.run.rows.buffer] as ArrayBuffer[];
  parentPort?.postMessage(sorted, [...new Set(bytes)]);
});
