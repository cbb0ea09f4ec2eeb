// The crash test itself, for a few kills: npm run crash-test -- --kills 300 is the long one. It needs the program
// in dist/, which npm ci builds.

import { expect, it } from 'vitest';
import { crash } from './crashes.js';
import { diceOf } from './dice.js';
import { icse, ProcessEnded } from './node-process.js';
import { checkPromises } from './promises.js';
import { aPublishing } from './publishing.js';
import { aSmallFederation } from './small-federation.js';

/** Some ten starts of a process; a busy machine takes ten times the four seconds that an idle one takes for it. */
const LONG_MS = 120_000;

const never = new AbortController().signal;

it(
  'nothing acknowledged is lost, and no log broken, when nodes are killed',
  async () => {
    const federation = await aSmallFederation();
    try {
      const outcome = await crash(federation, 3, diceOf(1), never, () => {});
      expect(outcome.verdict).toEqual({ lost: [], broken: [] });
      expect(outcome.kills).toBe(3);
      expect(outcome.killedPublishing).toBeGreaterThan(0);
      expect(outcome.killedReplicating).toBeGreaterThan(0);
      expect(outcome.acknowledged).toBeGreaterThan(0);
      expect(outcome.restartMs.length).toBeGreaterThan(0);
      // What it would say if a record were missing: one that nobody ever published.
      const published = aPublishing();
      (published.acknowledged as Map<string, number>).set('ab'.repeat(32), 0);
      const { lost, broken } = await checkPromises(federation, new Map([['LYON', published]]), 200);
      expect(lost).toHaveLength(3);
      expect(broken).not.toEqual([]);
    } finally {
      await federation.close();
    }
  },
  LONG_MS,
);

it('a home that is none does not start, in one line', async () => {
  const error = await icse('start', '--home', '/nonexistent').catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ProcessEnded);
  expect((error as ProcessEnded).stderr.trim().split('\n')).toHaveLength(1);
});

it('the same seed draws the same', () => {
  const draw = () => {
    const dice = diceOf(7);
    return [dice.below(1000), dice.chance(0.5), dice.of(['a', 'b', 'c']), dice.below(2 ** 32)];
  };
  expect(draw()).toEqual(draw());
});
