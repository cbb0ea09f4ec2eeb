// npm run -s simulate: the federation at the size of the report; prints what came of it. The same seed gives the same
// views.

import { parseArgs } from 'node:util';
import { SingleBar } from 'cli-progress';
import { REPORTING } from './countries.js';
import { simulate } from './simulation.js';

const { values } = parseArgs({
  options: {
    /** With Lyon. */
    members: { type: 'string', default: '51' },
    records: { type: 'string', default: '50000' },
    identifications: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const [members, records, identifications, seed] = [
  values.members,
  values.records,
  values.identifications,
  values.seed,
].map(wholeNumber) as [number, number, number, number];
if (members < 3 || members > REPORTING.length + 1) {
  throw new Error(`--members ${members}: 3 to ${REPORTING.length + 1}, Lyon with them`);
}
const bar = process.stderr.isTTY ? new SingleBar({}) : undefined;
bar?.start(1, 0);
const result = await simulate(seed, { members, records, identifications }, (done, of) => {
  bar?.setTotal(of);
  bar?.update(done);
});
bar?.stop();
const { members: nodes, ...rest } = result;
console.log(values.json ? JSON.stringify(result) : { ...rest, nodes: nodes.length });
process.exitCode = result.ok ? 0 : 1;

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${text} is not a whole number`);
  return Number(text);
}
