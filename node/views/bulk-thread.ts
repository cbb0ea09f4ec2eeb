// A thread for the work of bulk steps, so that the node goes on taking and serving entries meanwhile. It is there
// only while there is such work: it costs some 10 MB.

import { Worker } from 'node:worker_threads';
import type { BulkSorter } from './bulk.js';
import type { SortedOut } from './sort-out.js';

/** Without work for so long the thread ends. */
const IDLE_MS = 10_000;

/** Begins the thread when it is first needed. A thread that fails rejects what it worked on; the next begins anew. */
export function bulkThread(): BulkSorter {
  let worker: Worker | undefined;
  let idle: NodeJS.Timeout | undefined;

  const end = (): void => {
    void worker?.terminate();
    worker = undefined;
  };

  return {
    async sort(stretch, filters) {
      clearTimeout(idle);
      worker ??= new Worker(new URL('./bulk-worker.js', import.meta.url));
      try {
        return await answerOf(worker, { stretch, filters }, [stretch.bytes.buffer as ArrayBuffer]);
      } catch (error) {
        end();
        throw error;
      } finally {
        worker?.unref();
        idle = setTimeout(end, IDLE_MS).unref();
      }
    },
  };
}

function answerOf(worker: Worker, question: object, transfer: ArrayBuffer[]): Promise<SortedOut> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
    };
    const onMessage = (answer: SortedOut): void => {
      stop();
      resolve(answer);
    };
    const onError = (error: Error): void => {
      stop();
      reject(error);
    };
    const onExit = (code: number): void => onError(new Error(`the thread ended with code ${code}`));
    worker.ref();
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    worker.postMessage(question, transfer);
  });
}
