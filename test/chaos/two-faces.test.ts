// A home that was copied by mistake, with nothing left to chance: the copy publishes to one neighbour alone.

import { describe, expect, it } from 'vitest';
import { parseMemberCode } from '../../node/names.js';
import { chanceOf } from './chance.js';
import { Federation } from './federation.js';
import { haveConverged } from './promises.js';
import { quickSignatures } from './quick-signatures.js';
import { aRecordFor } from './sayings.js';
import type { SimulatedNode } from './simulated-node.js';
import { endCopiedHome, runCopiedHome } from './two-faces.js';

const NL = parseMemberCode('NL');
const US = parseMemberCode('US');
/** Longer than a dialler ever waits. */
const REDIAL_MS = 120_000;

describe('a copied home', () => {
  it('is ended, and what it told one neighbour alone comes back to its author and to all', async () => {
    quickSignatures();
    const chance = chanceOf('a copied home');
    const federation = await Federation.begin(chance.fork('federation'), [NL, US], { liveViews: false });
    const { network, time, nodes } = federation;
    const [first, neighbour] = [NL, US].map((member) => nodes.get(member)) as [SimulatedNode, SimulatedNode];
    first.home.dials.add(US);
    first.exchange.keepLinkTo(US);
    await time.advance(10_000);
    const held = (node: SimulatedNode | undefined): number | undefined =>
      first.ownLog && node?.logs.get(first.ownLog.name)?.size;
    /** From now on only this one of NL's nodes gets through, and only to US. */
    const letThrough = async (node: SimulatedNode): Promise<void> => {
      federation.route = (to, from) => (to === US && from === node.host ? undefined : 'nobody');
      for (const member of nodes.keys()) network.cut(NL, member);
      await time.advance(REDIAL_MS);
    };

    await runCopiedHome(federation, NL);
    const [copy] = federation.copies as Iterable<SimulatedNode>;
    await letThrough(copy as SimulatedNode);
    federation.publish(copy as SimulatedNode, [aRecordFor({ federation, chance })]);
    await time.advance(1000);
    await letThrough(first);
    expect(first.exchange.guard.why()).toMatch(/^US has our log NL up to 1, longer than it is here/);
    expect([first, neighbour, federation.hub].map(held)).toEqual([0, 1, 0]);

    federation.route = () => undefined;
    await endCopiedHome(federation, NL);
    await time.advance(10_000);
    expect([nodes.get(NL), neighbour, federation.hub].map(held)).toEqual([1, 1, 1]);
    expect(haveConverged(federation)).toBe(true);
    expect(federation.ledger.failures).toEqual([]);
    for (const node of federation.running()) node.crash('reset');
  });
});
