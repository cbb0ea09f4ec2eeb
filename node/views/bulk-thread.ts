// A thread for the sorting that long logs take, so that the node goes on taking and serving entries meanwhile. It is
// there only while there is such work: it costs some 10 MB.

import { Worker } from 'node:worker_threads';
import type { BulkSorter } from './bulk-sorter.js';
import type { MergedRun, MergeTask } from './run-merge.js';
import type { SortedOut, Stretch } from './sort-out.js';

/** Without work for so long the thread ends. */
const IDLE_MS = 10_000;

/** What the thread is asked to do. */
export type BulkTask =
  | { readonly kind: 'sort'; readonly stretch: Stretch; readonly filters: readonly Uint8Array[] }
  | { readonly kind: 'merge'; readonly location: string; readonly task: MergeTask };

/**
 * Begins the thread when it is first needed. A thread that fails rejects what it worked on; the next begins anew. The
 * database of a merge must have been opened for several threads.
 */
export function bulkThread(): BulkSorter {
  let worker: Worker | undefined;
  let idle: NodeJS.Timeout | undefined;

  const end = async (): Promise<void> => {
    const ending = worker;
    worker = undefined;
    await ending?.terminate();
  };

  const ask = async <Answer>(task: BulkTask, transfer: ArrayBuffer[]): Promise<Answer> => {
    clearTimeout(idle);
    worker ??= new Worker(new URL('./bulk-worker.js', import.meta.url), {
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
    });
    try {
      return await answerOf<Answer>(worker, task, transfer);
    } catch (error) {
      // Once it is gone it has let go of the database.
      await end();
      throw error;
    } finally {
      worker?.unref();
      idle = setTimeout(() => void end(), IDLE_MS).unref();
    }
  };

  return {
    sort: (stretch, filters) =>
      ask<SortedOut>({ kind: 'sort', stretch, filters }, [stretch.bytes.buffer as ArrayBuffer]),
    merge: ({ location }, task) => ask<MergedRun>({ kind: 'merge', location, task }, []),
  };
}

function answerOf<Answer>(worker: Worker, task: BulkTask, transfer: ArrayBuffer[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
    };
    const onMessage = (answer: Answer): void => {
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
    worker.postMessage(task, transfer);
  });
}
