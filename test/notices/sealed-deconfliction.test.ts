// Two investigations of which one or both were opened in sealed statements: whoever can read both is told, and nobody
// else; once, in whatever order openings, links and closings come in.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MemberCode } from '../../node/names.js';
import type { DeconflictionNotice } from '../../node/notices/notice.js';
import type { RegistryState } from '../../node/registry/state.js';
import { hashText } from '../../node/statements/hashes.js';
import type { SealableStatement } from '../../node/statements/sealed-content.js';
import { statementFromJson } from '../../node/statements/statement-json.js';
import { openerOf } from '../../node/views/opener.js';
import { aSealedEntry } from '../exchange/sealed-entries.js';
import { admit, aRegistry, secretsOf } from '../registry/acts.js';
import { FEDERATION, hashOf, logOf, saidBy } from '../views/records.js';
import { World } from '../views/world.js';
import { Police } from './police.js';

const MEMBERS = ['AU', 'NL', 'US', 'LYON'];
const SERIES = 'AU/00000000-0000-4000-8000-000000000007';
const VICTIM = 'NL/00000000-0000-4000-8000-000000000001';
const [CASE_OF_AU, CASE_OF_NL] = [
  '00000000-0000-4000-8000-0000000000a1',
  '00000000-0000-4000-8000-0000000000b2',
];
const CAT = hashText('sha256', hashOf('sha256', 'cat').hash);
const NOBODY = { AU: [], NL: [], US: [], LYON: [] };

let world: World;
let registry: RegistryState;
const forces = new Map<string, Police>();

beforeEach(async () => {
  world = new World();
  const codes = MEMBERS.filter((code) => code !== 'LYON');
  registry = { ...(await aRegistry(codes.map((code) => admit(code)))).state, federation: FEDERATION };
  for (const member of MEMBERS) {
    const opener = openerOf(FEDERATION, member as MemberCode, secretsOf(member).sealing);
    forces.set(member, await Police.of(member, world, opener));
  }
});
afterEach(async () => {
  for (const force of forces.values()) await force.retire();
});

const opensCase = (id: string, about: object) => ({ event: 'investigation-opened', case: id, ...about });
const closesCase = (id: string) => ({ event: 'investigation-closed', case: id });

function say(by: string, statement: object): void {
  world.publish(by, saidBy(by, statement));
}

function sealed(by: string, to: readonly string[], said: object): Uint8Array {
  const { statement, keepUntilDay } = statementFromJson(said, by as MemberCode);
  const sealable = statement as SealableStatement;
  return aSealedEntry(registry, { from: by, to, statement: sealable, keepUntilDay, now: 86_400 });
}

function seal(by: string, to: readonly string[], said: object): void {
  world.publish(by, sealed(by, to, said));
}

/** Of each force what it hears, in short. */
async function heard(): Promise<Record<string, string[]>> {
  const all: Record<string, string[]> = {};
  for (const [member, force] of forces) {
    const notices = await force.hears();
    all[member] = notices
      .filter(({ kind }) => kind === 'deconfliction')
      .map((notice) => {
        const { cases, thing } = notice as DeconflictionNotice;
        const shown = cases.map((one) => `${one.entry}${one.sealed === true ? ' (sealed)' : ''}`);
        return `${shown.join(' ')} ${thing}`;
      });
  }
  return all;
}

describe('Australia opens a case sealed for the Netherlands', () => {
  const told = `AU:0 (sealed) NL:0 series:${SERIES}`;

  it('and the Netherlands opens its own on the same series: both are told, who can read both; no other', async () => {
    seal('AU', ['NL'], opensCase(CASE_OF_AU, { series: SERIES }));
    expect(await heard()).toEqual(NOBODY);
    say('NL', opensCase(CASE_OF_NL, { series: SERIES }));
    expect(await heard()).toEqual({ ...NOBODY, AU: [told], NL: [told] });
  });

  it('after the Netherlands has opened its own', async () => {
    say('NL', opensCase(CASE_OF_NL, { series: SERIES }));
    expect(await heard()).toEqual(NOBODY);
    seal('AU', ['NL'], opensCase(CASE_OF_AU, { series: SERIES }));
    expect(await heard()).toEqual({ ...NOBODY, AU: [told], NL: [told] });
  });

  it('as programs read it', async () => {
    seal('AU', ['NL'], opensCase(CASE_OF_AU, { series: SERIES }));
    say('NL', opensCase(CASE_OF_NL, { series: SERIES }));
    expect(await forces.get('NL')?.hears()).toEqual([
      {
        sequence: 1,
        kind: 'deconfliction',
        cases: [
          { member: 'AU', case: CASE_OF_AU, entry: 'AU:0', sealed: true },
          { member: 'NL', case: CASE_OF_NL, entry: 'NL:0' },
        ],
        thing: `series:${SERIES}`,
        at: '1970-01-01T00:00:00.000Z',
      },
    ]);
  });

  it('and the Netherlands opens its own for nobody but the United States: only the Netherlands can read both', async () => {
    seal('AU', ['NL'], opensCase(CASE_OF_AU, { series: SERIES }));
    seal('NL', ['US'], opensCase(CASE_OF_NL, { series: SERIES }));
    expect(await heard()).toEqual({ ...NOBODY, NL: [`AU:0 (sealed) NL:0 (sealed) series:${SERIES}`] });
  });

  it('on what a link joins with a case of the Netherlands later', async () => {
    seal('AU', ['NL'], opensCase(CASE_OF_AU, { series: SERIES, media: [CAT] }));
    say('NL', opensCase(CASE_OF_NL, { subject: VICTIM }));
    expect(await heard()).toEqual(NOBODY);
    say('US', { link: 'depicts', from: CAT, to: `victim:${VICTIM}`, confidence: 'probable' });
    const joined = [`AU:0 (sealed) NL:0 victim:${VICTIM}`];
    expect(await heard()).toEqual({ ...NOBODY, AU: joined, NL: joined });
  });

  it('and both were off meanwhile; whatever is built anew, nobody is told twice', async () => {
    seal('AU', ['NL'], opensCase(CASE_OF_AU, { media: [CAT], series: SERIES }));
    await heard();
    for (const force of forces.values()) await force.node.restart();
    say('NL', opensCase(CASE_OF_NL, { series: SERIES }));
    const before = await heard();
    expect(before).toEqual({ ...NOBODY, AU: [told], NL: [told] });
    for (const force of forces.values()) await force.node.views.rebuild();
    say('US', { link: 'part-of', from: CAT, to: `series:${SERIES}`, confidence: 'probable' });
    expect(await heard()).toEqual(before);
  });

  it('whose entry was a hole for long', async () => {
    say('NL', opensCase(CASE_OF_NL, { series: SERIES }));
    world.publish('AU', undefined, { sha256: 'cat' });
    expect(await heard()).toEqual(NOBODY);
    world.fill('AU', 0, sealed('AU', ['NL'], opensCase(CASE_OF_AU, { series: SERIES })));
    for (const force of forces.values()) force.node.views.wake([{ log: logOf('AU'), from: 0, to: 1 }]);
    expect(await heard()).toEqual({ ...NOBODY, AU: [told], NL: [told] });
  });

  it('and later opens it for everybody: then the Netherlands, Australia and Lyon know, each of one notice', async () => {
    seal('AU', ['NL'], opensCase(CASE_OF_AU, { series: SERIES }));
    say('NL', opensCase(CASE_OF_NL, { series: SERIES }));
    await heard();
    say('AU', opensCase(CASE_OF_AU, { series: SERIES }));
    const open = [`AU:1 NL:0 series:${SERIES}`];
    expect(await heard()).toEqual({ AU: [told], NL: [told], US: [], LYON: open });
  });
});

it('the United States, let in by both, hears of two sealed cases that know nothing of each other', async () => {
  seal('AU', ['US'], opensCase(CASE_OF_AU, { series: SERIES }));
  seal('NL', ['US'], opensCase(CASE_OF_NL, { series: SERIES }));
  expect(await heard()).toEqual({ ...NOBODY, US: [`AU:0 (sealed) NL:0 (sealed) series:${SERIES}`] });
});

describe('nobody hears of a sealed case', () => {
  const opened = opensCase(CASE_OF_AU, { series: SERIES });

  it.each([
    ['closed for all', () => say('AU', closesCase(CASE_OF_AU))],
    ['closed for the Netherlands', () => seal('AU', ['NL'], closesCase(CASE_OF_AU))],
    ['retracted', () => say('AU', { retract: 'AU:0', reason: 'entered-in-error' })],
  ])('that was %s before', async (_how, end) => {
    seal('AU', ['NL'], opened);
    end();
    say('NL', opensCase(CASE_OF_NL, { series: SERIES }));
    expect(await heard()).toEqual(NOBODY);
  });

  it('that has expired', async () => {
    seal('AU', ['NL'], { ...opened, keepUntil: '1970-04-11' });
    await heard();
    world.today += 1;
    say('NL', opensCase(CASE_OF_NL, { series: SERIES }));
    expect(await heard()).toEqual(NOBODY);
  });
});

describe('a sealed case whose closing is taken back is open again', () => {
  const told = [`AU:0 (sealed) NL:0 series:${SERIES}`];

  it.each([
    ['for all', () => say('AU', closesCase(CASE_OF_AU))],
    ['for the Netherlands', () => seal('AU', ['NL'], closesCase(CASE_OF_AU))],
  ])('as it was closed %s', async (_how, close) => {
    seal('AU', ['NL'], opensCase(CASE_OF_AU, { series: SERIES }));
    close();
    say('NL', opensCase(CASE_OF_NL, { series: SERIES }));
    expect(await heard()).toEqual(NOBODY);
    say('AU', { retract: 'AU:1', reason: 'entered-in-error' });
    expect(await heard()).toEqual({ ...NOBODY, AU: told, NL: told });
  });
});

it('a case that was opened for all and closed in a sealed statement is closed for its readers alone', async () => {
  say('AU', opensCase(CASE_OF_AU, { series: SERIES }));
  seal('AU', ['NL'], closesCase(CASE_OF_AU));
  say('NL', opensCase(CASE_OF_NL, { series: SERIES }));
  expect(await heard()).toEqual({ ...NOBODY, LYON: [`AU:0 NL:0 series:${SERIES}`] });
});

it('what is sealed leaves the views of all equal', async () => {
  seal('AU', ['NL'], opensCase(CASE_OF_AU, { series: SERIES }));
  say('NL', opensCase(CASE_OF_NL, { series: SERIES }));
  seal('AU', ['NL'], closesCase(CASE_OF_AU));
  const digests = new Set<string>();
  for (const force of forces.values()) digests.add(await force.node.viewsDigest());
  expect(digests.size).toBe(1);
});
