import { create } from '@bufbuild/protobuf';
import { MemoryLevel } from 'memory-level';
import { describe, expect, it } from 'vitest';
import { openPurgedBook } from '../../node/exchange/purged-book.js';
import { signPurged } from '../../node/exchange/purged-up-to.js';
import { openReceiptBook } from '../../node/exchange/receipt-book.js';
import { parseMemberCode } from '../../node/names.js';
import { reportRetractions } from '../../node/purging/retraction-report.js';
import {
  EntryReferenceSchema,
  RetractionReason,
  RetractionSchema,
} from '../../proto/gen/icse/v1/entry_pb.js';
import { admit, aRegistry, cut, log, secretsOf, suspend } from '../registry/acts.js';

const NL = log('NL');

describe('what has become of a retraction', () => {
  it('is told of each other member: purged beyond it, has it, not reached, or suspended before it did', async () => {
    const members = ['NL', 'AU', 'US', 'FR', 'BE'];
    const { state } = await aRegistry([
      ...members.map((member) => admit(member)),
      suspend('FR', cut('FR', 0)),
      suspend('BE', cut('BE', 0)),
    ]);
    const book = await openPurgedBook(new MemoryLevel());
    const purged = (member: string, size: number) => {
      const by = parseMemberCode(member);
      book.put(signPurged(state.federation, NL, size, by, secretsOf(member).receipt, 1e12));
    };
    const receipts = await openReceiptBook(new MemoryLevel());
    for (const [by, size] of [
      ['LYON', 5],
      ['US', 4],
    ] as const) {
      receipts.put({ log: NL, by: parseMemberCode(by), size, time: 1, note: new Uint8Array(), holes: [] });
    }
    purged('AU', 5);
    purged('US', 4);
    purged('BE', 6);
    const retraction = create(RetractionSchema, {
      target: {
        case: 'entry',
        value: create(EntryReferenceSchema, { member: 'NL', generation: 1, index: 2n }),
      },
      reason: RetractionReason.WRONG_HASH,
    });
    const said = [{ log: NL, index: 4, retraction }];
    expect(reportRetractions(said, state, parseMemberCode('NL'), { purged: book, receipts })).toEqual([
      {
        retraction: 'NL:4',
        entry: 'NL:2',
        recordId: null,
        reason: 'wrong-hash',
        confirmed: ['AU', 'BE'],
        pending: ['LYON', 'US'],
        reached: ['LYON'],
        outOfReach: ['FR'],
      },
    ]);
  });
});
