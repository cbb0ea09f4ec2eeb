// What was sealed about a thing is shown to those who can read it.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MemberCode } from '../node/names.js';
import { showThing } from '../node/show.js';
import { decodeEntry } from '../node/statements/entry.js';
import { hashText } from '../node/statements/hashes.js';
import type { SealableStatement } from '../node/statements/sealed-content.js';
import { openerOf } from '../node/views/opener.js';
import { parseThingKey } from '../node/views/thing-key.js';
import { aSealedEntry } from './exchange/sealed-entries.js';
import { admit, aRegistry, secretsOf } from './registry/acts.js';
import { entryOf, FEDERATION, hashOf, saidBy } from './views/records.js';
import { Node, World } from './views/world.js';

const VICTIM = 'victim:NL/00000000-0000-4000-8000-000000000001';
const CAT = hashText('sha256', hashOf('sha256', 'cat').hash);
const REGISTRY = {
  ...(await aRegistry(['AU', 'FR', 'NL'].map((code) => admit(code)))).state,
  federation: FEDERATION,
};

let world: World;
let nodes: Node[];

beforeEach(() => {
  world = new World();
  nodes = [];
});
afterEach(async () => {
  for (const node of nodes) await node.stop();
});

async function nodeOf(me: string): Promise<Node> {
  const open = openerOf(FEDERATION, me as MemberCode, secretsOf(me).sealing);
  const node = await Node.start(world, { open });
  nodes.push(node);
  return node;
}

function seal(from: string, to: string, entry: Uint8Array): void {
  const { statement } = decodeEntry(entry);
  world.publish(from, aSealedEntry(REGISTRY, { from, to: [to], statement: statement as SealableStatement }));
}

async function shown(node: Node, thing: string) {
  await node.views.settled();
  return showThing(node.views.connections, parseThingKey(thing, 'NL' as MemberCode));
}

const entries = ({ leads }: Awaited<ReturnType<typeof shown>>): string[] => leads.map(({ entry }) => entry);

describe('what was sealed about a thing', () => {
  it('is shown to its readers and its author, whatever it is, and to nobody else', async () => {
    const [au, fr, nl] = [await nodeOf('AU'), await nodeOf('FR'), await nodeOf('NL')];
    seal('NL', 'AU', entryOf({ sha256: 'cat' }));
    seal('NL', 'AU', saidBy('NL', { event: 'victim-identified', subject: VICTIM.slice(7), media: [CAT] }));
    seal('NL', 'AU', saidBy('NL', { link: 'depicts', from: CAT, to: VICTIM, confidence: 'probable' }));
    for (const node of [au, nl]) {
      expect(entries(await shown(node, CAT))).toEqual(['NL:0', 'NL:1', 'NL:2']);
      expect(entries(await shown(node, VICTIM))).toEqual(['NL:1', 'NL:2']);
    }
    const { nodes: known, edges, leads } = await shown(au, VICTIM);
    expect({ known, edges }).toEqual({ known: [], edges: [] });
    expect(leads[1]).toEqual({
      by: 'NL',
      entry: 'NL:2',
      madeAt: expect.any(String),
      statement: { link: 'depicts', from: CAT, to: VICTIM, confidence: 'probable', readers: ['AU'] },
    });
    expect(entries(await shown(fr, CAT))).toEqual([]);
  });

  it('is shown with all that is connected openly, and no more once it is taken back', async () => {
    const au = await nodeOf('AU');
    world.publish('FR', saidBy('FR', { link: 'depicts', from: CAT, to: VICTIM, confidence: 'probable' }));
    seal('NL', 'AU', saidBy('NL', { event: 'victim-safeguarded', subject: VICTIM.slice(7) }));
    expect(entries(await shown(au, CAT))).toEqual(['NL:0']);
    world.publish('NL', saidBy('NL', { retract: 'NL:0', reason: 'entered-in-error' }));
    expect(entries(await shown(au, CAT))).toEqual([]);
    await au.views.rebuild();
    expect(entries(await shown(au, CAT))).toEqual([]);
  });
});
