import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../node/clock.js';
import { homePaths } from '../../node/home/layout.js';
import { type Knowledge, openKnowledge } from '../../node/knowledge.js';
import { LYON } from '../../node/names.js';
import { openerOf } from '../../node/views/opener.js';
import { type Parties, type Party, theParties, until } from '../exchange/parties.js';
import { aSealedEntry } from '../exchange/sealed-entries.js';

const LEADS = 20;

let parties: Parties;
let [nl, au]: Party[] = [];
let home: string;
let knowledge: Knowledge;
beforeAll(async () => {
  parties = await theParties(['NL', 'AU']);
  [nl, au] = [parties.party('NL'), parties.party('AU')];
  for (const party of [nl, au]) party.exchange.keepLinkTo(LYON);
  await until(au, () => nl?.log !== undefined && au?.copyOf(nl) !== undefined);
  home = await mkdtemp(join(tmpdir(), 'icse-lead-'));
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: console.error };
  knowledge = await openKnowledge({
    paths: homePaths(home),
    me: au.member,
    logs: au.logs,
    clock: systemClock,
    log: silent,
    open: openerOf(parties.federation, au.member, au.secrets.sealing),
  });
});
afterAll(async () => {
  await knowledge.close();
  await parties.close();
  await rm(home, { recursive: true });
});

it('a sealed lead is told to its reader, through Lyon, within a second of being published', async () => {
  const author = nl as Party;
  const took: number[] = [];
  for (let n = 0; n < LEADS; n++) {
    const begun = performance.now();
    const told = nextLead();
    await author.publish([aSealedEntry(author.registry.state, { from: 'NL', to: ['AU'] })]);
    await told;
    took.push(performance.now() - begun);
  }
  took.sort((a, b) => a - b);
  console.info(
    `sealed, published, told: median ${took[LEADS / 2]?.toFixed(1)} ms, longest ${took.at(-1)?.toFixed(1)} ms`,
  );
  expect(took[LEADS / 2]).toBeLessThan(1000);
});

function nextLead(): Promise<void> {
  return new Promise((resolve) => {
    const stop = knowledge.told.subscribe((notices) => {
      if (!notices.some(({ kind }) => kind === 'lead')) return;
      stop();
      resolve();
    });
  });
}
