import { afterEach, describe, expect, it } from 'vitest';
import type { MemberCode } from '../../node/names.js';
import { decodeEntry } from '../../node/statements/entry.js';
import { hashText } from '../../node/statements/hashes.js';
import type { SealableStatement } from '../../node/statements/sealed-content.js';
import { openerOf } from '../../node/views/opener.js';
import { aSealedEntry } from '../exchange/sealed-entries.js';
import { admit, aRegistry, secretsOf } from '../registry/acts.js';
import { entryOf, FEDERATION, hashOf, type RecordParts, saidBy } from '../views/records.js';
import { World } from '../views/world.js';
import { Police } from './police.js';

const REGISTRY = {
  ...(await aRegistry(['AU', 'FR', 'NL'].map((code) => admit(code)))).state,
  federation: FEDERATION,
};

let forces: Police[] = [];
afterEach(async () => {
  for (const police of forces) await police.retire();
  forces = [];
});

async function policeOf(me: string, world: World): Promise<Police> {
  const open = openerOf(FEDERATION, me as MemberCode, secretsOf(me).sealing);
  const police = await Police.of(me, world, open);
  forces.push(police);
  return police;
}

function sealedRecord(from: string, to: string, parts: RecordParts): Uint8Array {
  const { statement } = decodeEntry(entryOf(parts));
  return aSealedEntry(REGISTRY, { from, to: [to], statement: statement as SealableStatement });
}

const held = (word: string) => ({ hashes: [hashOf('sha256', word)], label: 'CASE-1' });

describe('a sealed record', () => {
  it('is a hit with what its reader has on record and holds, whichever came first', async () => {
    const world = new World();
    world.publish('AU', { sha256: 'before' });
    const au = await policeOf('AU', world);
    await au.hold(held('held before'));
    world.publish('NL', sealedRecord('NL', 'AU', { sha256: 'before', md5: 'x' }));
    world.publish('NL', sealedRecord('NL', 'AU', { sha256: 'after' }));
    world.publish('NL', sealedRecord('NL', 'AU', { sha256: 'held before' }));
    world.publish('NL', sealedRecord('NL', 'AU', { sha256: 'held after' }));
    await au.hears();
    world.publish('AU', { sha256: 'after' });
    await au.hears();
    await au.hold(held('held after'));
    expect((await au.hearsInShort()).filter((line) => line !== 'lead')).toEqual([
      'hit AU:0 NL:0 sha256',
      'hit holding CASE-1 NL:2 sha256',
      'hit AU:1 NL:1 sha256',
      'hit holding CASE-1 NL:3 sha256',
    ]);
  });

  it('is a hit for its author with what others have, openly or sealed for it, whichever came first', async () => {
    const world = new World();
    world.publish('AU', { sha256: 'before' }, { sha256: 'another' });
    const nl = await policeOf('NL', world);
    world.publish('NL', sealedRecord('NL', 'FR', { sha256: 'before', md5: 'x' }));
    world.publish('NL', sealedRecord('NL', 'FR', { sha256: 'after' }));
    await nl.hears();
    world.publish('AU', { sha256: 'after' }, { sha256: 'unknown' });
    await nl.hears();
    world.publish('FR', sealedRecord('FR', 'NL', { sha256: 'after' }));
    world.publish('FR', sealedRecord('FR', 'AU', { sha256: 'before' }));
    world.publish('NL', { sha256: 'another' });
    expect((await nl.hearsInShort()).filter((line) => line !== 'lead').sort()).toEqual([
      'hit NL:0 AU:0 sha256',
      'hit NL:1 AU:2 sha256',
      'hit NL:1 FR:0 sha256',
      'hit NL:2 AU:1 sha256',
    ]);
  });

  it('is a hit however many other leads are about the same hash', async () => {
    const world = new World();
    const au = await policeOf('AU', world);
    const media = [hashText('sha256', hashOf('sha256', 'cat').hash)];
    const asked = decodeEntry(saidBy('NL', { event: 'assistance-asked', media })).statement;
    for (let n = 0; n < 70; n++) {
      world.publish(
        'NL',
        aSealedEntry(REGISTRY, { from: 'NL', to: ['AU'], statement: asked as SealableStatement }),
      );
    }
    world.publish('NL', sealedRecord('NL', 'AU', { sha256: 'cat' }));
    await au.hears();
    world.publish('AU', { sha256: 'cat' });
    expect((await au.hearsInShort()).filter((line) => line !== 'lead')).toEqual(['hit AU:0 NL:70 sha256']);
  });

  it('is a hit for its author among thousands that come at once', async () => {
    const world = new World();
    const nl = await policeOf('NL', world);
    world.publish('NL', sealedRecord('NL', 'FR', { sha256: 'many 2000' }));
    await nl.hears();
    world.publish('AU', ...Array.from({ length: 3000 }, (_, i) => ({ sha256: `many ${i}` })));
    expect(await nl.hearsInShort()).toEqual(['hit NL:0 AU:2000 sha256']);
  });

  it('matches nothing at others, and nothing once it is taken back', async () => {
    const world = new World();
    for (const member of ['AU', 'FR', 'NL']) world.publish(member, { sha256: 'cat' });
    world.publish('FR', sealedRecord('FR', 'AU', { sha256: 'dog' }));
    const [au, fr, nl] = [
      await policeOf('AU', world),
      await policeOf('FR', world),
      await policeOf('NL', world),
    ];
    await au.hears();
    world.publish('FR', saidBy('FR', { retract: 'FR:1', reason: 'wrong-hash' }));
    for (const police of [au, fr, nl]) await police.hears();
    for (const member of ['AU', 'FR', 'NL']) world.publish(member, { sha256: 'dog', md5: member });
    for (const police of [au, fr, nl]) {
      expect((await police.hearsInShort()).filter((line) => line.includes(' FR:1 '))).toEqual([]);
    }
  });
});
