import { describe, expect, it } from 'vitest';
import { createClaims } from '../../node/exchange/claims.js';
import type { LocalHead } from '../../node/exchange/messages.js';
import { nameOf } from './two-sides.js';

const NL = nameOf('NL');

/** Claims about a log that is here up to 3; a note proves the number that is its first byte, 255 that it is too early to tell. */
function someClaims(here = { size: 3 }) {
  return createClaims({
    head: () => ({ size: here.size, root: new Uint8Array(32) }) as LocalHead,
    proven: (_log, note) => (note[0] === 255 ? undefined : (note[0] ?? 0)),
  });
}
const note = (size: number) => new Uint8Array([size]);
const NONE = new Uint8Array(0);

describe('what a peer says that it has of a log', () => {
  it('is believed as far as its author has signed it', () => {
    const claims = someClaims();
    expect([claims.say(NL, 9, note(9)), claims.size(NL)]).toEqual([true, 9]);
    expect([claims.say(NL, 9, note(12)), claims.size(NL)]).toEqual([true, 9]);
    expect([claims.say(NL, 900, note(9)), claims.size(NL)]).toEqual([false, 9]);
    expect([claims.say(NL, 900, NONE), claims.size(NL)]).toEqual([false, 0]);
  });

  it('needs no proof up to where the log ends here', () => {
    const claims = someClaims();
    expect([claims.say(NL, 3, NONE), claims.size(NL), claims.isOpen(NL)]).toEqual([true, 3, false]);
  });

  it('is open while nobody can tell, and counts once it can be told', () => {
    const here = { size: 0 };
    let known: number | undefined;
    const claims = createClaims({
      head: () => ({ size: here.size, root: new Uint8Array(32) }) as LocalHead,
      proven: () => known,
    });
    expect([claims.say(NL, 9, note(1)), claims.size(NL), claims.isOpen(NL)]).toEqual([true, 0, true]);
    known = 9;
    expect([claims.size(NL), claims.isOpen(NL)]).toEqual([9, false]);
  });

  it('is not more because of entries that come under no signature', () => {
    const claims = someClaims();
    claims.say(NL, 5, note(5));
    claims.arriving(NL, 4, note(4));
    expect(claims.size(NL)).toBe(5);
    claims.arriving(NL, 800, NONE);
    expect(claims.size(NL)).toBe(0);
  });
});
