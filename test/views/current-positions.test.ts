// The current record under an id: found whether it stands in a row or in a run, before the filters know and after.

import { afterEach, beforeEach, expect, it } from 'vitest';
import { type MemberCode, shortLogName } from '../../node/names.js';
import { recordIdOf } from './records.js';
import { EAGER_BULK, Node, World } from './world.js';

const NL = 'NL' as MemberCode;

let world: World;
let node: Node;

beforeEach(async () => {
  world = new World();
  node = await Node.start(world, { bulk: { ...EAGER_BULK, least: 8 } });
});
afterEach(() => node.stop());

async function places(...ids: string[]): Promise<(string | undefined)[]> {
  await node.views.settled();
  const found = await node.views.current(NL, ids.map(recordIdOf));
  return found.map((place) => place && `${shortLogName(place.log)}:${place.index}`);
}

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => ({ id: `${from + i}`, sha256: `${from + i}` }));

it('is found in rows and runs, and nothing is found that is not there', async () => {
  expect(await places('0')).toEqual([undefined]);
  world.publish('NL', ...numbered(0, 2));
  expect(await places('1', 'none', '0')).toEqual(['NL:1', undefined, 'NL:0']);
  world.publish('NL', ...numbered(2, 40));
  expect(await places('1', 'none', '39', '2')).toEqual(['NL:1', undefined, 'NL:39', 'NL:2']);
  world.publish('NL', { id: '39', sha256: 'other' }, { id: '40', sha256: '40' });
  world.publish('AU', { id: 'theirs', sha256: '0' });
  expect(await places('39', '40', 'theirs')).toEqual(['NL:40', 'NL:41', undefined]);
  await node.restart();
  expect(await places('39', 'none', '2')).toEqual(['NL:40', undefined, 'NL:2']);
});
