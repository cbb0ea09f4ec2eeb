// A thread for the sorting that long logs take, so that the node goes on taking and serving entries meanwhile. It is
// there only while there is such work: it costs some 10 MB.

import { Worker } from 'node:worker_threads';
import type { BulkSorter } from './bulk-sorter.js';
import type { MergedRun, MergeTask } from './run-merge.js';
import type { SortedOut, Stretch } from './sort-out.js';

/** Without work for so long the thread ends. */
const IDLE_MS = 10_000;

/** What it makes is large buffers and next to no objects. */
const YOUNG_MB = 8;

/** What the thread is asked to do; a merge may be under way while it sorts. */
export type BulkTask =
  | { readonly kind: 'sort'; readonly stretch: Stretch; readonly filters: readonly Uint8Array[] }
  | { readonly kind: 'merge'; readonly location: string; readonly task: MergeTask };

/** What it is sent and sends back; answers may come in another order than questions. */
export interface Numbered<T> {
  readonly number: number;
  readonly content: T;
}

/**
 * Begins the thread when it is first needed. A thread that fails rejects what it worked on; the next begins anew. The
 * database of a merge must have been opened for several threads.
 */
export function bulkThread(): BulkSorter {
  let worker: Worker | undefined;
  let idle: NodeJS.Timeout | undefined;
  let asked = 0;
  let underWay = 0;

  const end = async (ending: Worker): Promise<void> => {
    if (worker === ending) worker = undefined;
    await ending.terminate();
  };

  const ask = async <Answer>(task: BulkTask, transfer: ArrayBuffer[]): Promise<Answer> => {
    clearTimeout(idle);
    underWay += 1;
    worker ??= new Worker(new URL('./bulk-worker.js', import.meta.url), {
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    const asking = worker;
    try {
      return await answerOf<Answer>(asking, { number: ++asked, content: task }, transfer);
    } catch (error) {
      // Once it is gone it has let go of the database.
      await end(asking);
      throw error;
    } finally {
      underWay -= 1;
      if (underWay === 0) {
        asking.unref();
        idle = setTimeout(() => void end(asking), IDLE_MS).unref();
      }
    }
  };

  return {
    sort: (stretch, filters) =>
      ask<SortedOut>({ kind: 'sort', stretch, filters }, [stretch.bytes.buffer as ArrayBuffer]),
    merge: ({ location }, task) => ask<MergedRun>({ kind: 'merge', location, task }, []),
  };
}

function answerOf<Answer>(
  worker: Worker,
  question: Numbered<BulkTask>,
  transfer: ArrayBuffer[],
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
    };
    const onMessage = ({ number, content }: Numbered<Answer>): void => {
      if (number !== question.number) return;
      stop();
      resolve(content);
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
