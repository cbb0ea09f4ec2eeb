// The thread that fuzzes one parser (see watch.ts).

import { parentPort, workerData } from 'node:worker_threads';
import { fuzz } from './fuzz.js';
import { TARGETS } from './targets.js';
import { type WorkerTask, writeCurrent } from './watch.js';

const { name, seed, from, inputs, material, current } = workerData as WorkerTask;
const target = TARGETS.find((known) => known.name === name);
if (target === undefined) throw new Error(`there is no target ${name}`);
const subject = await target.open(material);
const onInput = (at: number, input: Uint8Array): void => writeCurrent(current, at, input);
const result = await fuzz(subject, { name, seed, from, inputs, onInput });
await subject.close?.();
parentPort?.postMessage(result);
