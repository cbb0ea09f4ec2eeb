// lookup.*: look-ups by hash on the local socket of a running node, in batches of a thousand of which every
// second hash is known, several batches under way at once.

import type { Author } from './author.js';
import { type Bench, type Figure, MEMBERS } from './figure.js';
import type { NodeProcess } from './icse.js';
import { recordJson } from './media-records.js';
import { resultOf } from './result.js';

const BATCH = 1000;
const HASHES_A_RECORD = 3;
/** Batches under way at once: fewer and the node waits for its caller, more and they only wait for it. */
const AT_ONCE = 4;
const RUNS = 3;

/** The node did not find what it has, or found what it has not. */
export class WrongAnswer extends Error {}

/** lookup.NAME at so many hashes. */
export function lookup(name: string, hashesOf: (bench: Bench) => number): Figure {
  return {
    names: [name],
    members: [MEMBERS.author],
    async measure(bench) {
      const records = Math.ceil(hashesOf(bench) / HASHES_A_RECORD);
      const node = await bench.author.running(records);
      const { batches } = bench.sizes.lookup;
      const rates: number[] = [];
      for (let run = 0; run < RUNS; run++) {
        const questions = Array.from({ length: batches }, (_, batch) =>
          aBatch(bench.author, records, `${run} ${batch}`),
        );
        const before = performance.now();
        await askAll(node, questions);
        rates.push((batches * BATCH * 1000) / (performance.now() - before));
      }
      return [resultOf(name, '/s', rates)];
    },
  };
}

/** Hashes of all three kinds from all over the log, each followed by one that nobody has. */
function aBatch(author: Author, records: number, seed: string): string[] {
  return Array.from({ length: BATCH }, (_, at) => {
    const strange = recordJson(`strange ${seed}`, at);
    const index = Number.parseInt(strange.sha256.slice(0, 12), 16) % records;
    const { sha256, sha1, md5 } = at % 2 === 0 ? author.hashesAt(index) : strange;
    return [sha256, sha1, md5][Math.floor(at / 2) % HASHES_A_RECORD] as string;
  });
}

async function askAll({ client }: NodeProcess, questions: string[][]): Promise<void> {
  const left = [...questions];
  const ask = async (): Promise<void> => {
    for (let hashes = left.pop(); hashes !== undefined; hashes = left.pop()) {
      checkHalf(await client.lookupLines(hashes));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
}

function checkHalf(lines: string): void {
  const found = BATCH - lines.split('"records":[]').length + 1;
  if (found !== BATCH / 2) throw new WrongAnswer(`${found} of ${BATCH} hashes were found, not every second`);
}
