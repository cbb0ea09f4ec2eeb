// publish.bulk: a file of JSON lines, imported as a user does it: from the start of the command to its end.

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { type Figure, MEMBERS } from './figure.js';
import { icse } from './icse.js';
import { recordJson } from './media-records.js';
import { withPublisher } from './publisher.js';
import { resultOf } from './result.js';

const LINES_AT_ONCE = 1000;

export const publishBulk: Figure = {
  names: ['publish.bulk'],
  members: [MEMBERS.publisher],
  async measure(bench) {
    const { sizes, scratch } = bench;
    const file = `${scratch.fresh('bulk')}.jsonl`;
    await writeLines(file, sizes.bulk);
    const rates: number[] = [];
    for (let run = 0; run < sizes.runs; run++) {
      await withPublisher(bench, async ({ home }) => {
        const before = performance.now();
        await icse('import', file, '--home', home, '--json');
        rates.push((sizes.bulk * 1000) / (performance.now() - before));
      });
    }
    await scratch.remove(file);
    return [resultOf('publish.bulk', '/s', rates)];
  },
};

async function writeLines(file: string, count: number): Promise<void> {
  const out = createWriteStream(file);
  for (let at = 0; at < count; at += LINES_AT_ONCE) {
    const length = Math.min(LINES_AT_ONCE, count - at);
    const lines = Array.from({ length }, (_, offset) => JSON.stringify(recordJson('bulk', at + offset)));
    if (!out.write(`${lines.join('\n')}\n`)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'close');
}
