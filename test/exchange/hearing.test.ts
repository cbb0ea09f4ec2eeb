import { describe, expect, it } from 'vitest';
import type { Link } from '../../node/exchange/link.js';
import { purgedMessage, signPurged } from '../../node/exchange/purged-up-to.js';
import { giveReceipt } from '../../node/exchange/receipts.js';
import type { MemberCode } from '../../node/names.js';
import type { Receipt } from '../../proto/gen/icse/v1/exchange_pb.js';
import { admit, secretsOf } from '../registry/acts.js';
import { linkOf, parties, theyAreLinked } from './linked-parties.js';
import { type Party, until } from './parties.js';
import { someRecords } from './records.js';

const BE = 'BE' as MemberCode;
const { receipt: key } = secretsOf('BE');
const NOW = Date.parse('2026-03-01T12:00:00Z');

describe('what a member signs about a log, when it comes before the registry that names the member', () => {
  async function theNetherlands(): Promise<{ nl: Party; lyon: Link }> {
    const [nl] = (await theyAreLinked(['NL'])) as [Party];
    await nl.publish(someRecords(3));
    return { nl, lyon: linkOf(nl, parties.lyon) as Link };
  }

  it('counts once that has come, because it is told once: a word on a purge', async () => {
    const { nl, lyon } = await theNetherlands();
    const signed = signPurged(parties.federation, nl.log.name, 3, BE, key, NOW);
    nl.exchange.purgedUpTo(lyon, purgedMessage(signed));
    expect(nl.purgedBook.get(nl.log.name, BE)).toBeUndefined();
    await parties.enact(admit('BE'));
    await until(nl, () => nl.purgedBook.get(nl.log.name, BE)?.size === 3);
  });

  it('counts once that has come: a receipt', async () => {
    const { nl, lyon } = await theNetherlands();
    nl.exchange.receipt(lyon, (await giveReceipt(nl.log, parties.federation, BE, key, NOW)) as Receipt);
    expect(nl.book.get(nl.log.name, BE)).toBeUndefined();
    await parties.enact(admit('BE'));
    await until(nl, () => nl.book.get(nl.log.name, BE)?.size === 3);
  });

  it('never counts when another has signed it', async () => {
    const { nl, lyon } = await theNetherlands();
    const forged = signPurged(parties.federation, nl.log.name, 3, BE, secretsOf('FR').receipt, NOW);
    nl.exchange.purgedUpTo(lyon, purgedMessage(forged));
    await parties.enact(admit('BE'));
    const good = signPurged(parties.federation, nl.log.name, 2, BE, key, NOW);
    nl.exchange.purgedUpTo(lyon, purgedMessage(good));
    await until(nl, () => nl.purgedBook.get(nl.log.name, BE)?.size === 2);
  });
});
