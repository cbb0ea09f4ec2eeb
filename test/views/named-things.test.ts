// Which things are named is read once, and known from then on.

import { expect, it } from 'vitest';
import { u32 } from '../../node/views/binary.js';
import { BufferedDb, type ViewsDatabase } from '../../node/views/buffered-db.js';
import { NamedThings } from '../../node/views/named-things.js';

function thing(n: number): string {
  return `\x01${u32(Math.imul(n, 0x9e3779b1) >>> 0)}${u32(n)}${'\0'.repeat(24)}`;
}

it('things are read once, however many are named later', async () => {
  let scans = 0;
  const rows = [[Buffer.from(`k${thing(0)}`, 'latin1'), new Uint8Array()]];
  const database = {
    iterator() {
      scans += 1;
      return { nextv: async () => rows.splice(0), close: async () => undefined };
    },
  } as unknown as ViewsDatabase;
  const named = new NamedThings(database);
  for (let n = 0; n < 120_000; n++) {
    await named.load(new BufferedDb(database));
    if (n > 0) named.note(thing(n));
  }
  expect(scans).toBe(1);
  expect(Array.from({ length: 120_000 }, (_, n) => thing(n)).every((one) => named.mayName(one))).toBe(true);
  const mistaken = Array.from({ length: 10_000 }, (_, n) => thing(1_000_000 + n)).filter((other) =>
    named.mayName(other),
  );
  expect(mistaken.length).toBeLessThan(100);
});
