// Who hears of what: hits and conflicts, each once, whichever side came first.

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashText } from '../../node/statements/hashes.js';
import { hashOf, logOf, type RecordParts } from '../views/records.js';
import { World } from '../views/world.js';
import { Police } from './police.js';

let world: World;
let us: Police;

beforeEach(async () => {
  world = new World();
  us = await Police.of('US', world);
});
afterEach(async () => {
  await us.retire();
});

describe('the United States hear', () => {
  it('that Australia has what they have, as programs read it', async () => {
    world.publish('US', { sha256: 'dog' }, { sha256: 'cat', md5: 'cat' });
    await us.node.views.settled();
    world.publish('AU', { sha256: 'cat', md5: 'cat' });
    const { hash } = hashOf('sha256', 'cat');
    expect(await us.hears()).toEqual([
      {
        sequence: 1,
        kind: 'hit',
        hash: hashText('sha256', hash),
        algorithm: 'sha256',
        mine: { record: 'US:1' },
        other: { member: 'AU', index: 0 },
        at: '1970-01-01T00:00:00.000Z',
      },
    ]);
  });

  it('the same when Australia was first', async () => {
    world.publish('AU', { sha256: 'cat' });
    await us.node.views.settled();
    world.publish('US', { sha256: 'cat' });
    expect(await us.hearsInShort()).toEqual(['hit US:0 AU:0 sha256']);
  });

  it('once of each member, however many records of it match', async () => {
    world.publish('US', { sha256: 'cat', md5: 'cat' });
    world.publish('AU', { md5: 'cat' }, { sha256: 'cat' }, { sha256: 'cat', id: 'again' });
    world.publish('NL', { md5: 'cat' });
    expect((await us.hearsInShort()).map((line) => line.split(' ')[2]?.slice(0, 2))).toEqual(['AU', 'NL']);
  });

  it('nothing of what two others share, and nothing of their own twice', async () => {
    world.publish('AU', { sha256: 'cat' });
    world.publish('NL', { sha256: 'cat' });
    world.publish('US', { sha256: 'dog', id: 'one' }, { sha256: 'dog', id: 'two' });
    expect(await us.hearsInShort()).toEqual([]);
  });

  it('of a conflict, and of no hit, where a stronger hash says that it is another file', async () => {
    world.publish('US', { sha256: 'cat', md5: 'same' });
    world.publish('AU', { sha256: 'dog', md5: 'same' });
    expect(await us.hearsInShort()).toEqual(['conflict US:0 AU:0 md5']);
    world.publish('AU', { md5: 'same' });
    expect(await us.hearsInShort()).toEqual(['conflict US:0 AU:0 md5', 'hit US:0 AU:1 md5']);
  });

  it('of a hit where files look alike though their bytes differ', async () => {
    world.publish('US', { sha256: 'large', pdq: 'scene' });
    world.publish('AU', { sha256: 'small', pdq: 'scene' });
    expect(await us.hearsInShort()).toEqual(['hit US:0 AU:0 pdq']);
  });

  it('in which log of a member it is, where that is not its first', async () => {
    world.publish('US', { sha256: 'cat' });
    world.publish('AU.2', { sha256: 'cat' });
    expect(await us.hearsInShort()).toEqual(['hit US:0 AU.2:0 sha256']);
  });

  it('nothing of what a suspended member said above the cut', async () => {
    world.publish('US', { sha256: 'cat' });
    world.publish('AU', { sha256: 'dog' }, { sha256: 'cat' });
    world.cut('AU', 1);
    expect(await us.hearsInShort()).toEqual([]);
  });

  it('nothing new after a restart, a rebuild, or an update of the record', async () => {
    world.publish('US', { sha256: 'cat', id: 'one' });
    world.publish('AU', { sha256: 'cat' });
    expect(await us.hearsInShort()).toHaveLength(1);
    await us.node.restart();
    await us.node.views.rebuild();
    world.publish('US', { sha256: 'cat', md5: 'cat', id: 'one' });
    expect(await us.hearsInShort()).toEqual(['hit US:0 AU:0 sha256']);
  });
});

describe('of what they hold at home, the United States hear', () => {
  it('when another member publishes it, with the label and without one', async () => {
    await us.hold({ hashes: [hashOf('sha256', 'cat')], label: 'CASE 7' }, { hashes: [hashOf('md5', 'dog')] });
    world.publish('AU', { sha256: 'cat' }, { sha256: 'dog', md5: 'dog' });
    const heard = await us.hears();
    expect(heard).toMatchObject([
      { kind: 'hit', mine: { holding: 'CASE 7' }, other: { member: 'AU', index: 0 }, algorithm: 'sha256' },
      { kind: 'hit', mine: { holding: null }, other: { member: 'AU', index: 1 }, algorithm: 'md5' },
    ]);
  });

  it('when another member had it already, once', async () => {
    world.publish('AU', { sha256: 'cat' });
    world.publish('US', { sha256: 'cat' });
    await us.node.views.settled();
    await us.hold({ hashes: [hashOf('sha256', 'cat')], label: 'CASE 7' });
    await us.hold({ hashes: [hashOf('sha256', 'cat')], label: 'CASE 7' });
    expect(await us.hearsInShort()).toEqual(['hit US:0 AU:0 sha256', 'hit holding CASE 7 AU:0 sha256']);
  });

  it('also when the node ended between holding it and looking who has it', async () => {
    world.publish('AU', { sha256: 'cat' });
    await us.node.views.settled();
    await us.holdings.add([{ hashes: [hashOf('sha256', 'cat')] }]);
    expect(await us.hearsInShort()).toEqual([]);
    await us.lookForHeld();
    expect(await us.hearsInShort()).toEqual(['hit holding null AU:0 sha256']);
    expect(await us.holdings.unmatched()).toEqual([]);
  });

  it('of a conflict where a stronger hash says that it is another file', async () => {
    await us.hold({ hashes: [hashOf('sha256', 'cat'), hashOf('md5', 'same')] });
    world.publish('AU', { sha256: 'dog', md5: 'same' });
    expect(await us.hearsInShort()).toEqual(['conflict holding null AU:0 md5']);
  });
});

describe('whichever side came first', () => {
  const aRecord: fc.Arbitrary<RecordParts> = fc
    .record({
      sha256: fc.constantFrom('a', 'b'),
      md5: fc.constantFrom('a', 'b'),
      which: fc.constantFrom(1, 2, 3),
    })
    .map(({ sha256, md5, which }) => ({
      ...((which & 1) === 0 ? {} : { sha256 }),
      ...((which & 2) === 0 ? {} : { md5 }),
    }));
  const aPublication = fc.record({
    log: fc.constantFrom('US', 'AU', 'NL'),
    record: aRecord,
    settle: fc.boolean(),
  });

  async function toldOf(
    publications: readonly { log: string; record: RecordParts; settle: boolean }[],
  ): Promise<string[]> {
    const another = new World();
    const police = await Police.of('US', another);
    for (const [i, { log, record, settle }] of publications.entries()) {
      another.publish(log, { ...record, id: JSON.stringify(record) });
      if (settle) await police.node.views.settled();
      else if (i % 2 === 0) police.node.views.wake();
    }
    const notices = await police.hears();
    const [mine] = await Promise.all([another.read(logOf('US'), 0, 1000)]);
    await police.retire();
    // Places depend on the order of publication, so records are named by what they are.
    return notices
      .map((notice) => {
        const {
          kind,
          mine: own,
          other,
        } = notice as { kind: string; mine: { record: string }; other: { member: string } };
        const bytes = mine[Number(own.record.split(':')[1])] as Uint8Array;
        return `${kind} ${Buffer.from(bytes).toString('hex')} ${other.member}`;
      })
      .sort();
  }

  it('the same is told, each once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(aPublication, { maxLength: 8 }), async (publications) => {
        const told = await toldOf(publications);
        expect(new Set(told).size).toBe(told.length);
        expect(await toldOf([...publications].reverse())).toEqual(told);
      }),
      { numRuns: 30 },
    );
  });
});
