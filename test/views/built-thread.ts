// The thread that sorts long logs, as it is built: a worker is a file of JavaScript.

import type { BulkSorter } from '../../node/views/bulk-sorter.js';

const BUILT = new URL('../../dist/node/views/bulk-thread.js', import.meta.url).href;

export async function builtThread(): Promise<BulkSorter> {
  const { bulkThread } = (await import(BUILT)) as { bulkThread: () => BulkSorter };
  return bulkThread();
}
