// Lists of which only the first few of each member count: in any order of edits they hold what sorting all
// entries would give.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BufferedDb, type ViewsDatabase } from '../../node/views/buffered-db.js';
import { SORTER_HERE } from '../../node/views/bulk-sorter.js';
import { logNumber, memberNumberOf, positionOf, splitPositions } from '../../node/views/position.js';
import { editLists, ListEdits, type ListRules } from '../../node/views/ranked-lists.js';
import { BULK, ShortIndex } from '../../node/views/short-index.js';

const MEMBERS = ['\0\x01', '\0\x02'];
const ALL = MEMBERS.flatMap((member) =>
  Array.from({ length: 7 }, (_, i) => positionOf(logNumber(member, 1), i)),
);

it.each(['first', 'last'] as const)('a list keeps the %s few of each member', async (order) => {
  const directory = await mkdtemp(join(tmpdir(), 'icse-lists-'));
  const level: ViewsDatabase = new ClassicLevel(directory, { keyEncoding: 'view', valueEncoding: 'view' });
  await level.open();
  const rules: ListRules = {
    space: 'h',
    furtherSpace: 'x',
    cap: 2,
    order,
    pack: (entries) => entries.join(''),
    unpack: (lists) => Promise.resolve(lists.map(({ value }) => splitPositions(value))),
    indexKey: (key) => `\x01${key.padEnd(8)}`,
    index: await ShortIndex.load(level, BULK, SORTER_HERE),
    inRuns: (keys) => Promise.resolve(keys.map(() => undefined)),
  };
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uniqueArray(fc.constantFrom(...ALL), { minLength: 1, maxLength: 5 })),
      async (batches) => {
        const db = new BufferedDb(level);
        const there = new Set<string>();
        for (const toggled of batches) {
          const edits = new ListEdits();
          for (const position of toggled) {
            if (there.has(position)) edits.remove('key', position);
            else edits.add('key', position);
            if (!there.delete(position)) there.add(position);
          }
          await editLists(db, rules, edits);
          await db.commit(() => undefined);
          const expected = MEMBERS.flatMap((member) => {
            const own = [...there].filter((position) => memberNumberOf(position) === member).sort();
            return order === 'first' ? own.slice(0, 2) : own.slice(-2);
          });
          expect(splitPositions((await db.getMany(['hkey']))[0] ?? '')).toEqual(expected);
        }
        await db.written();
        await level.clear();
      },
    ),
    { numRuns: 100 },
  );
  await level.close();
  await rm(directory, { recursive: true });
});
