// A few inputs for every parser; npm run fuzz -- --inputs 1000000 is the long one. And the fuzzer itself: what it
// is there to find, it finds.

import { Worker } from 'node:worker_threads';
import { beforeAll, describe, expect, it } from 'vitest';
import { Failure } from '../../node/failure.js';
import { type FuzzResult, fuzz } from './fuzz.js';
import { type Material, makeMaterial } from './material.js';
import type { Subject } from './target.js';
import { TARGETS } from './targets.js';
import { type WorkerTask, watch } from './watch.js';

let material: Material;
beforeAll(async () => {
  material = await makeMaterial();
});

describe('of 300 inputs', () => {
  for (const { name, open } of TARGETS) {
    it(`none breaks a promise of the parser of: ${name}`, async () => {
      const subject = await open(material);
      try {
        const { inputs, taken, failures } = await fuzz(subject, {
          name,
          seed: 1,
          inputs: 300,
          slowMs: 10_000,
        });
        expect(failures).toEqual([]);
        expect(inputs).toBe(300);
        // The valid ones at least, a tenth of all.
        expect(taken).toBeGreaterThan(10);
        expect(taken).toBeLessThan(300);
      } finally {
        await subject.close?.();
      }
    });
  }
});

/** A parser of a length and so many letters, with what is made wrong in it. */
function aParser(take: (input: Uint8Array) => void | Promise<void>): Subject {
  return {
    form: 'bytes',
    maxBytes: 64,
    sample: (chance) => {
      const letters = chance.bytes(chance.int(1, 20));
      return Uint8Array.from([letters.length, ...letters]);
    },
    take,
  };
}

function checkLength(input: Uint8Array): void {
  if (input[0] !== input.length - 1) throw new Failure('bad-length', 'the length is not that of the letters');
}

/** Stands still without using the processor, as a process does that somebody has stopped. */
function stand(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

const over = (subject: Subject, slowMs = 1000, inputs = 2000): Promise<FuzzResult> =>
  fuzz(subject, { name: 'a parser', seed: 1, inputs, slowMs });

describe('the fuzzer', () => {
  it('has nothing to say of a good parser', async () => {
    expect((await over(aParser(checkLength))).failures).toEqual([]);
  });

  it('finds that memory grows', async () => {
    const held: Uint8Array[] = [];
    const hoarder = aParser((input) => {
      held.push(Buffer.alloc(6 * 1024 * 1024, 1));
      checkLength(input);
    });
    const { failures } = await over(hoarder, 10_000, 64);
    expect(failures[0]?.what).toMatch(/^memory grew by \d+ MiB/);
  });

  it('finds a crash on what is damaged', async () => {
    const { failures } = await over(
      aParser((input) => {
        if (input.length === 0) throw new TypeError('no first byte');
        checkLength(input);
      }),
    );
    expect(failures[0]).toMatchObject({
      input: '',
      what: expect.stringContaining('TypeError: no first byte'),
    });
  });

  it('finds a valid input that is refused', async () => {
    const { failures } = await over(
      aParser((input) => {
        checkLength(input);
        if (input[0] === 13) throw new Failure('unlucky', 'thirteen letters');
      }),
    );
    expect(failures[0]?.what).toBe('a valid input was refused: thirteen letters');
  });

  it('finds what is slow, and goes on behind what never resolves', async () => {
    const slow = aParser((input) => {
      const before = process.cpuUsage();
      while (input[0] === 3 && process.cpuUsage(before).user < 8000);
    });
    expect((await over(slow, 5, 200)).failures[0]?.what).toMatch(/^took \d+ ms$/);
    const never = aParser((input) => (input[0] === 7 ? new Promise(() => {}) : undefined));
    const { failures, inputs } = await over(never, 1, 100);
    expect(inputs > failures.length && failures.length > 1).toBe(true);
    expect(failures[0]?.what).toBe('did not end within 10 ms');
  });

  it('does not take for slow what was stopped and went on', async () => {
    const stopped = aParser(
      () =>
        new Promise((resolve) =>
          setImmediate(() => {
            stand(300);
            setImmediate(resolve);
          }),
        ),
    );
    expect((await over(stopped, 20, 1)).failures).toEqual([]);
  });

  it('makes the same inputs from the same seed, each alone too', async () => {
    const made = async (seed: number, from: number, inputs: number): Promise<string[]> => {
      const seen: string[] = [];
      const onInput = (at: number, input: Uint8Array) =>
        seen.push(`${at} ${Buffer.from(input).toString('hex')}`);
      await fuzz(
        aParser(() => {}),
        { name: 'a parser', seed, from, inputs, onInput },
      );
      return seen;
    };
    const all = await made(5, 0, 100);
    expect(await made(5, 0, 100)).toEqual(all);
    expect(await made(5, 42, 1)).toEqual(all.slice(42, 43));
    expect(await made(6, 0, 100)).not.toEqual(all);
  });

  it('ends a parser that never comes back, says on which input, and begins again behind it', async () => {
    // In plain JavaScript, which a thread can run without the tools of this test: hangs on its third input.
    const code = `
      const { workerData, parentPort } = require('node:worker_threads');
      const head = new Int32Array(workerData.current);
      for (let at = workerData.from; at < workerData.from + workerData.inputs; at++) {
        new Uint8Array(workerData.current, 8)[0] = at;
        head[1] = 1;
        Atomics.store(head, 0, at);
        while (at === 2);
      }
      parentPort.postMessage({ inputs: workerData.inputs, taken: workerData.inputs, failures: [] });`;
    const begin = (task: WorkerTask) => new Worker(code, { eval: true, workerData: task });
    const result = await watch({ name: 'x', seed: 1, from: 0, inputs: 5, material, begin, hungMs: 300 });
    expect(result).toEqual({
      inputs: 5,
      taken: 2,
      failures: [{ at: 2, input: 'Ag==', what: 'did not come back within 300 ms' }],
    });
  });

  it('goes on with a thread that was stopped for longer than one may hang', async () => {
    const code = `
      const { workerData, parentPort } = require('node:worker_threads');
      const head = new Int32Array(workerData.current);
      Atomics.store(head, 0, 0);
      Atomics.wait(head, 1, 0);
      Atomics.wait(head, 1, 7, 400);
      parentPort.postMessage({ inputs: 1, taken: 1, failures: [] });`;
    let current = new Int32Array(new SharedArrayBuffer(8));
    const begin = (task: WorkerTask) => {
      current = new Int32Array(task.current);
      return new Worker(code, { eval: true, workerData: task });
    };
    const onProgress = () => {
      stand(700);
      Atomics.store(current, 1, 7);
      Atomics.notify(current, 1);
    };
    const task = { name: 'x', seed: 1, from: 0, inputs: 1, material };
    expect((await watch({ ...task, begin, onProgress, hungMs: 600 })).failures).toEqual([]);
  });

  it('says on which input a parser took its thread down', async () => {
    const code = `
      const { workerData } = require('node:worker_threads');
      new Uint8Array(workerData.current, 8)[0] = 9;
      const head = new Int32Array(workerData.current);
      head[1] = 1;
      Atomics.store(head, 0, workerData.from);
      setTimeout(() => { throw new Error('later') });`;
    const begin = (task: WorkerTask) => new Worker(code, { eval: true, workerData: task });
    const { inputs, failures } = await watch({ name: 'x', seed: 1, from: 0, inputs: 2, material, begin });
    expect(inputs).toBe(2);
    expect(failures.map(({ at, input }) => [at, input])).toEqual([
      [0, 'CQ=='],
      [1, 'CQ=='],
    ]);
    expect(failures[0]?.what).toContain('Error: later');
  });
});
