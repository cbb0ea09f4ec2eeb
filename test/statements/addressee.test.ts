import { expect, it } from 'vitest';
import type { MemberCode } from '../../node/names.js';
import { isFor } from '../../node/statements/addressee.js';
import { aSealedEntry } from '../exchange/sealed-entries.js';
import { admit, aRegistry } from '../registry/acts.js';
import { inNewerRelease } from './newer.js';

it('a sealed entry is for its readers alone, also when only a newer release knows all of it', async () => {
  const { state } = await aRegistry(['NL', 'AU', 'FR'].map((code) => admit(code)));
  const entry = aSealedEntry(state, { from: 'NL', to: ['AU'] });
  for (const bytes of [entry, inNewerRelease(entry)]) {
    const readers = ['NL', 'AU', 'FR', 'LYON'].filter((code) =>
      isFor(code as MemberCode, 'NL' as MemberCode, bytes),
    );
    expect(readers).toEqual(['NL', 'AU', 'LYON']);
  }
});
