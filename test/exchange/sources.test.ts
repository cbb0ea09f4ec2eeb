import { describe, expect, it } from 'vitest';
import type { Link } from '../../node/exchange/link.js';
import { createSources } from '../../node/exchange/sources.js';
import { nameOf } from './two-sides.js';

const NL = nameOf('NL');

/** A link that shows so much of NL's log. */
function aLink(member: string, shown: { size: number }): Link {
  const consumer = { peerSize: () => shown.size, take: () => {}, leave: () => {} };
  const link = { member, ended: false, session: { consumer }, state: () => ({ state: 'stalled' }) };
  return link as unknown as Link;
}

describe('a source that shows more than it delivers', () => {
  it('loses its place, is told of once, and is asked again more and more rarely', () => {
    const [log, told] = [{ size: 10 }, [] as string[]];
    const liar = aLink('LYON', { size: 900 });
    const shown = { size: 11 };
    const honest = aLink('BE', shown);
    const sources = createSources({
      rank: (link) => (link === liar ? 1 : 0),
      isOwn: () => false,
      size: () => log.size,
      mayTake: () => true,
      failed: (link) => told.push(link.member),
    });
    sources.choose(liar, [NL]);
    const asked: (string | undefined)[] = [];
    for (let second = 0; second < 1200; second++) {
      sources.tick(second * 1000, [liar, honest]);
      // The honest one delivers all that it has at once, and has one more every minute.
      if (sources.of(NL) === honest) log.size = shown.size;
      if (second % 60 === 59) shown.size++;
      const { member } = sources.of(NL) as Link;
      if (asked.at(-1) !== member) asked.push(member);
    }
    expect(told).toEqual(['LYON']);
    expect(asked.length).toBeLessThan(20);
    expect(asked.at(-1)).toBe('BE');
    expect(log.size).toBeGreaterThanOrEqual(shown.size - 1);
  });

  it('keeps its place while nobody else shows more', () => {
    const liar = aLink('LYON', { size: 900 });
    const other = aLink('BE', { size: 10 });
    const around = {
      rank: () => 0,
      isOwn: () => false,
      size: () => 10,
      mayTake: () => true,
      failed: () => {},
    };
    const sources = createSources(around);
    sources.choose(liar, [NL]);
    for (let second = 0; second < 60; second++) sources.tick(second * 1000, [liar, other]);
    expect(sources.of(NL)).toBe(liar);
  });
});
