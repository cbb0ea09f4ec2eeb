// What the views tell police forces, and how they follow the logs.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { shortLogName } from '../../node/names.js';
import type { RecordAnswer } from '../../node/views/lookup.js';
import { hashOf, logOf } from './records.js';
import { Node, World } from './world.js';

let world: World;
let node: Node;

beforeEach(async () => {
  world = new World();
  node = await Node.start(world);
});
afterEach(async () => {
  await node.stop();
});

function places(answers: readonly RecordAnswer[] | undefined): string[] {
  return (answers ?? []).map(({ log, index }) => `${shortLogName(log)}:${index}`);
}

async function found(algorithm: 'sha256' | 'md5' | 'pdq', word: string): Promise<string[]> {
  await node.views.settled();
  const [answers] = await node.views.lookup([hashOf(algorithm, word)]);
  return places(answers);
}

async function overlapping(algorithm: 'sha256' | 'sha1' | 'md5' | 'pdq', word: string): Promise<string[]> {
  await node.views.settled();
  const [members] = await node.views.overlaps([hashOf(algorithm, word)]);
  return members ?? [];
}

describe('looking up a hash', () => {
  it('finds who has it on record, and nobody for what nobody has', async () => {
    world.publish('NL', { sha256: 'cat', md5: 'cat' }, { sha256: 'dog' });
    world.publish('AU', { md5: 'cat' });
    expect(await found('md5', 'cat')).toEqual(['AU:0', 'NL:0']);
    expect(await found('sha256', 'dog')).toEqual(['NL:1']);
    expect(await found('sha256', 'cow')).toEqual([]);
  });

  it('is not misled by hashes that share their first eight bytes', async () => {
    world.publish('NL', { sha256: 'twin/1' });
    world.publish('AU', { sha256: 'twin/2' });
    expect(hashOf('sha256', 'twin/1').hash.slice(0, 8)).toEqual(hashOf('sha256', 'twin/2').hash.slice(0, 8));
    expect(await found('sha256', 'twin/1')).toEqual(['NL:0']);
    expect(await found('sha256', 'twin/3')).toEqual([]);
    expect(await overlapping('sha256', 'twin/1')).toEqual([]);
  });

  it('answers a thousand hashes at once, each in its place', async () => {
    const words = Array.from({ length: 1000 }, (_, i) => `w${i}`);
    world.publish('NL', ...words.map((sha256) => ({ sha256 })));
    await node.views.settled();
    const answers = await node.views.lookup(words.map((word) => hashOf('sha256', word)).reverse());
    expect(answers.map((answer) => places(answer).join())).toEqual(words.map((_, i) => `NL:${999 - i}`));
  });

  it('ignores entries that it does not know', async () => {
    world.publish('NL', new Uint8Array([0xff, 1, 2]), { sha256: 'cat' });
    expect(await found('sha256', 'cat')).toEqual(['NL:1']);
  });

  it('answers with the first 64 records of a member that floods a hash, and moves up as they go', async () => {
    const flood = Array.from({ length: 100 }, (_, i) => ({ sha256: 'cat', id: `${i}` }));
    world.publish('NL', ...flood);
    world.publish('AU', { sha256: 'cat' });
    const answers = await found('sha256', 'cat');
    expect(answers).toHaveLength(65);
    expect(answers.at(-1)).toBe('NL:63');
    world.publish('NL', { sha256: 'dog', id: '0' });
    node.views.wake();
    expect((await found('sha256', 'cat')).at(-1)).toBe('NL:64');
  });
});

describe('a record', () => {
  it('is replaced by a later one with the same id', async () => {
    world.publish('NL', { id: 'one', sha256: 'cat' }, { id: 'one', sha256: 'dog' });
    expect(await found('sha256', 'cat')).toEqual([]);
    expect(await found('sha256', 'dog')).toEqual(['NL:1']);
  });

  it('is replaced by one in the next log of the member, and is another one at another member', async () => {
    world.publish('NL.2', { id: 'one', sha256: 'dog' });
    await node.views.settled();
    world.publish('NL', { id: 'one', sha256: 'cat' });
    world.publish('AU', { id: 'one', sha256: 'cat' });
    expect(await found('sha256', 'cat')).toEqual(['AU:0']);
    expect(await found('sha256', 'dog')).toEqual(['NL.2:0']);
  });

  it('no longer counts after its last day, and then the one before counts again', async () => {
    world.publish('NL', { id: 'one', sha256: 'cat' }, { id: 'one', sha256: 'dog', keepUntilDay: 100 });
    expect(await found('sha256', 'dog')).toEqual(['NL:1']);
    world.today = 101;
    expect(await found('sha256', 'dog')).toEqual([]);
    expect(await found('sha256', 'cat')).toEqual(['NL:0']);
  });

  it('counts again when a clock that ran years ahead is set right', async () => {
    world.publish('NL', { sha256: 'cat', keepUntilDay: 200 });
    world.today = 4000;
    expect(await found('sha256', 'cat')).toEqual([]);
    world.today = 150;
    expect(await found('sha256', 'cat')).toEqual(['NL:0']);
  });

  it('of a suspended member above the cut is taken back, and returns when the cut does', async () => {
    world.publish('NL', { sha256: 'cat' }, { sha256: 'dog' });
    expect(await found('sha256', 'dog')).toEqual(['NL:1']);
    world.cut('NL', 1);
    expect(await found('sha256', 'dog')).toEqual([]);
    expect(await found('sha256', 'cat')).toEqual(['NL:0']);
    world.cut('NL', 2);
    expect(await found('sha256', 'dog')).toEqual(['NL:1']);
  });

  it('in a hole counts once the hole is filled', async () => {
    world.publish('NL', undefined, { sha256: 'dog' });
    expect(await found('sha256', 'cat')).toEqual([]);
    world.fill('NL', 0, { sha256: 'cat' });
    node.views.wake([{ log: logOf('NL'), from: 0, to: 1 }]);
    expect(await found('sha256', 'cat')).toEqual(['NL:0']);
  });

  it('in a hole that was filled while the node was off counts after the start', async () => {
    world.publish('NL', undefined);
    await node.views.settled();
    world.fill('NL', 0, { sha256: 'cat' });
    await node.restart();
    expect(await found('sha256', 'cat')).toEqual(['NL:0']);
  });
});

describe('an overlap', () => {
  it('names the members that have the same hash on record', async () => {
    world.publish('NL', { sha256: 'cat' });
    world.publish('AU', { sha256: 'cat' });
    world.publish('US', { sha256: 'dog' });
    expect(await overlapping('sha256', 'cat')).toEqual(['AU', 'NL']);
    expect(await overlapping('sha256', 'dog')).toEqual([]);
  });

  it('is none within one member', async () => {
    world.publish('NL', { sha256: 'cat', id: 'one' }, { sha256: 'cat', id: 'two' });
    expect(await overlapping('sha256', 'cat')).toEqual([]);
  });

  it('does not join records which a stronger hash tells apart', async () => {
    world.publish('NL', { sha256: 'cat', md5: 'same' });
    world.publish('AU', { sha256: 'dog', md5: 'same' });
    expect(await overlapping('md5', 'same')).toEqual([]);
    world.publish('US', { md5: 'same' });
    expect(await overlapping('md5', 'same')).toEqual(['AU', 'NL', 'US']);
  });

  it('by a perceptual hash joins files that differ in their bytes', async () => {
    world.publish('NL', { sha256: 'large', pdq: 'scene' });
    world.publish('AU', { sha256: 'small', pdq: 'scene' });
    expect(await overlapping('pdq', 'scene')).toEqual(['AU', 'NL']);
  });

  it('ends when a member replaces its record', async () => {
    world.publish('NL', { sha256: 'cat', id: 'one' });
    world.publish('AU', { sha256: 'cat' });
    expect(await overlapping('sha256', 'cat')).toEqual(['AU', 'NL']);
    world.publish('NL', { sha256: 'dog', id: 'one' });
    expect(await overlapping('sha256', 'cat')).toEqual([]);
  });
});

describe('the figures', () => {
  it('count current records and overlaps, in all and by member', async () => {
    world.publish('NL', { sha256: 'cat', md5: 'cat' }, { sha256: 'dog' });
    world.publish('AU', { sha256: 'cat' });
    await node.views.settled();
    expect(await node.views.figures()).toEqual({
      records: 3,
      overlaps: 1,
      members: [
        { member: 'AU', records: 1, overlaps: 1 },
        { member: 'NL', records: 2, overlaps: 1 },
      ],
    });
  });
});

describe('the status', () => {
  it('says how far each log is applied', async () => {
    world.publish('NL', { sha256: 'cat' }, { sha256: 'dog' });
    world.publish('AU');
    await node.views.settled();
    const status = await node.views.status();
    expect(status.at).toEqual({ [logOf('NL')]: 2, [logOf('AU')]: 0 });
    expect(node.views.caughtUpTo(logOf('NL'))).toBe(2);
    expect(status.views.map(({ name, behind }) => [name, behind])).toEqual([
      ['hashes', 0],
      ['overlaps', 0],
      ['figures', 0],
      ['statements', 0],
      ['tallies', 0],
    ]);
  });

  it('bears the same digest after a rebuild', async () => {
    world.publish('NL', { sha256: 'cat' }, undefined, { sha256: 'dog', keepUntilDay: 99 });
    world.publish('AU', { sha256: 'cat', md5: 'cat' });
    const followed = await node.viewsDigest();
    await node.views.rebuild();
    expect(await node.viewsDigest()).toBe(followed);
  });
});
