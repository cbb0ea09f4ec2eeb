// npm run -s simulate: the federation at the size of the report; prints what came of it. The same seed gives the same
// views.

import { SingleBar } from 'cli-progress';
import { seedNumber, tool, wholeNumber } from '../tool.js';
import { REPORTING } from './countries.js';
import { simulate } from './simulation.js';

const MOST = REPORTING.length + 1;
const COUNT = wholeNumber(0, 1_000_000);

const { members, records, identifications, seed, json } = tool(
  'simulate',
  'Lives through the federation at the size of the report, in one process; prints what came of it.',
)
  .option('--members <N>', 'with Lyon', wholeNumber(3, MOST), MOST)
  .option('--records <N>', 'media records, in all', COUNT, 50_000)
  .option('--identifications <N>', 'victims identified, in all', COUNT, 10_000)
  .option('--seed <N>', 'what is drawn follows from it', seedNumber, 1)
  .option('--json', 'print JSON', false)
  .parse()
  .opts<{ members: number; records: number; identifications: number; seed: number; json: boolean }>();
const bar = process.stderr.isTTY ? new SingleBar({}) : undefined;
bar?.start(1, 0);
const result = await simulate(seed, { members, records, identifications }, (done, of) => {
  bar?.setTotal(of);
  bar?.update(done);
});
bar?.stop();
const { members: nodes, ...rest } = result;
console.log(json ? JSON.stringify(result) : { ...rest, nodes: nodes.length });
process.exitCode = result.ok ? 0 : 1;
