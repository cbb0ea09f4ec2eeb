// When the machine itself stood still: a thread that only looks at the clock, and finds it far on, was not run at all.
// What an honest member waited meanwhile is no attack's doing: attacks keep the node's thread busy, not this one.

import { Worker } from 'node:worker_threads';

const LOOK_MS = 10;
/** Shorter gaps are those of a machine that is busy with all of us. */
const STALL_MS = 100;

const WATCHER = `
const { parentPort } = require('node:worker_threads');
const now = () => performance.timeOrigin + performance.now();
let seen = now();
setInterval(() => {
  const from = seen;
  seen = now();
  if (seen - from > ${STALL_MS}) parentPort.postMessage({ from, to: seen });
}, ${LOOK_MS});
parentPort.once('message', () => {
  parentPort.postMessage('all told');
  parentPort.close();
});
`;

interface Stall {
  readonly from: number;
  readonly to: number;
}

export interface MachineStalls {
  /** Milliseconds that the machine stood between two times of performance.now(); all of them once `stop` has resolved. */
  within(from: number, to: number): number;
  stop(): Promise<void>;
}

export function watchMachine(): MachineStalls {
  const stalls: Stall[] = [];
  const watcher = new Worker(WATCHER, { eval: true });
  const told = new Promise<void>((resolve, reject) => {
    watcher.on('error', reject);
    watcher.on('message', (stall: Stall | 'all told') => {
      if (stall === 'all told') resolve();
      else stalls.push(stall);
    });
  });
  // An error that nobody waits for yet is met when it is stopped.
  told.catch(() => {});
  const origin = performance.timeOrigin;
  return {
    within: (from, to) =>
      stalls.reduce(
        (sum, stall) =>
          sum + Math.max(0, Math.min(to + origin, stall.to) - Math.max(from + origin, stall.from)),
        0,
      ),
    stop() {
      watcher.postMessage('end');
      return told;
    },
  };
}
