// Which log is followed next, by turns.

import { describe, expect, it } from 'vitest';
import type { LogName, MemberCode } from '../../node/names.js';
import { Turns } from '../../node/views/turns.js';
import { logOf } from './records.js';

const FAR = 100;
const STEP = 50;

/** Follows logs of these sizes, a step at a time, and says who had a turn; `grow` says what comes in between. */
function turnsOf(
  sizes: Record<string, number>,
  count: number,
  grow: (sizes: Record<string, number>, turn: number) => void = () => undefined,
): string[] {
  const turns = new Turns(FAR);
  const cursors = new Map<LogName, number>();
  const said: string[] = [];
  for (let turn = 0; turn < count; turn++) {
    const listed = Object.entries(sizes).map(([member, countedTo]) => ({
      log: logOf(member),
      member: member as MemberCode,
      countedTo,
    }));
    const next = turns.next(listed, cursors);
    if (next === undefined) break;
    const from = cursors.get(next.log) ?? 0;
    turns.taken(next, from);
    cursors.set(next.log, Math.min(next.countedTo, from + STEP));
    said.push(next.member);
    grow(sizes, turn);
  }
  return said;
}

describe('turns', () => {
  it('go round among logs that are far behind', () => {
    expect(turnsOf({ AU: 300, NL: 300, US: 300 }, 6)).toEqual(['AU', 'NL', 'US', 'AU', 'NL', 'US']);
  });

  it('come to what is nearly followed before what is far behind', () => {
    expect(turnsOf({ AU: 1000, BE: 1000, NL: 1, US: 1 }, 4)).toEqual(['NL', 'US', 'AU', 'BE']);
  });

  it('come at once to what is said while others are followed', () => {
    const said = turnsOf({ AU: 1000, BE: 1000, DE: 1000, NL: 0 }, 8, (sizes, turn) => {
      if (turn === 3) sizes.NL = 1;
    });
    expect(said).toEqual(['AU', 'BE', 'DE', 'AU', 'NL', 'BE', 'DE', 'AU']);
  });

  it('come to what is far behind though others always have something to say', () => {
    const said = turnsOf({ AU: 1000, NL: 1, US: 1 }, 9, (sizes) => {
      sizes.NL = (sizes.NL ?? 0) + 1;
      sizes.US = (sizes.US ?? 0) + 1;
    });
    expect(said).toEqual(['NL', 'US', 'AU', 'NL', 'US', 'AU', 'NL', 'US', 'AU']);
  });

  it('go round among logs that are nearly followed', () => {
    const said = turnsOf({ AU: 1, NL: 1, US: 1 }, 6, (sizes) => {
      for (const member of ['AU', 'NL', 'US']) sizes[member] = (sizes[member] ?? 0) + 1;
    });
    expect(said).toEqual(['AU', 'NL', 'US', 'AU', 'NL', 'US']);
  });

  it('end when there is nothing to follow', () => {
    expect(turnsOf({ AU: 60, NL: 0 }, 9)).toEqual(['AU', 'AU']);
  });
});
