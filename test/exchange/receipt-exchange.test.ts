import { MemoryLevel } from 'memory-level';
import { describe, expect, it } from 'vitest';
import type { Link } from '../../node/exchange/link.js';
import type { Content } from '../../node/exchange/messages.js';
import { openReceiptBook } from '../../node/exchange/receipt-book.js';
import { exchangeReceipts } from '../../node/exchange/receipt-exchange.js';
import { giveReceipt } from '../../node/exchange/receipts.js';
import type { Log } from '../../node/log/log.js';
import { Logs } from '../../node/log/logs.js';
import { LYON, type MemberCode, parseLogName } from '../../node/names.js';
import { createMemoryStore } from '../../node/store/memory-store.js';
import { ed25519Signer } from '../../node/tlog/note.js';
import type { Receipt } from '../../proto/gen/icse/v1/exchange_pb.js';
import { entries } from '../log/logs.js';
import { admit, aRegistry, FEDERATION, log, secretsOf } from '../registry/acts.js';

const NL = 'NL' as MemberCode;
const SIGNER = ed25519Signer(log('NL'), secretsOf('NL').log);

/** The receipts of `me`, whose links to NL and Lyon write down what is said on them; chance is always a half. */
async function receiptsOf(me: MemberCode) {
  const store = createMemoryStore();
  const logs = await Logs.open(store, await aRegistry([admit('NL'), admit('BE'), admit('FR')], store));
  const nl = logs.get(log('NL')) as Log;
  const said: Content[] = [];
  let now = 1_000_000;
  const link = (member: MemberCode, instance = 1) =>
    ({
      member,
      instance: new Uint8Array([instance]),
      session: { consumer: { compared: () => true }, say: (content: Content) => said.push(content) },
      isAlive: async () => true,
    }) as unknown as Link;
  const links = new Map([NL, LYON].map((member) => [member, link(member)]));
  const receipts = exchangeReceipts({
    clock: { now: () => now, after: () => () => {}, every: () => () => {} },
    logs,
    me,
    receiptKey: secretsOf(me).receipt,
    book: await openReceiptBook(new MemoryLevel({ keyEncoding: 'utf8', valueEncoding: 'utf8' })),
    chance: () => 0.5,
    // Lyon gives none of its own here.
    isOwn: () => me === LYON,
    authorOf: (name) => parseLogName(name).member,
    linkTo: (member) => links.get(member),
    failed: (error) => {
      throw error;
    },
  });
  return {
    nl,
    receipts,
    link,
    /** The peer is linked anew. */
    linked(member: MemberCode, instance: number) {
      const fresh = link(member, instance);
      links.set(member, fresh);
      receipts.linked(fresh);
    },
    said: () => said.splice(0).map(({ value }) => (value as Receipt).by),
    pass: (ms: number) => {
      now += ms;
    },
  };
}

describe('receipts', () => {
  it('on a log that grows all the time are given once in one to one and a half seconds, by chance', async () => {
    const { nl, receipts, said, pass } = await receiptsOf('BE' as MemberCode);
    const given: number[] = [];
    for (let ms = 0; ms < 4000; ms += 50) {
      await nl.append(entries(1, nl.size), SIGNER);
      receipts.changed(nl);
      await receipts.idle();
      if (said().length > 0) given.push(ms);
      pass(50);
    }
    expect(given).toEqual([0, 1250, 2500, 3750]);
  });

  it('go on when a clock that was ahead is set right', async () => {
    const { nl, receipts, said, pass } = await receiptsOf('BE' as MemberCode);
    const given: number[] = [];
    for (const ms of [3_600_000, -3_600_000]) {
      pass(ms);
      await nl.append(entries(1, nl.size), SIGNER);
      receipts.changed(nl);
      await receipts.idle();
      if (said().length > 0) given.push(ms);
    }
    expect(given).toEqual([3_600_000, -3_600_000]);
  });

  it('that were heard are told again to a peer that has started anew, and to no other', async () => {
    const { nl, receipts, linked, said } = await receiptsOf('BE' as MemberCode);
    await nl.append(entries(3), SIGNER);
    receipts.changed(nl);
    await receipts.idle();
    // NL's log to NL, and that and the registry to Lyon.
    expect(said()).toEqual(['BE', 'BE', 'BE']);
    linked(NL, 1);
    expect(said()).toEqual([]);
    linked(NL, 2);
    linked(LYON, 1);
    expect(said()).toEqual(['BE']);
  });

  it('of all who take a log go to its author together, once a second', async () => {
    const { nl, receipts, link, said } = await receiptsOf(LYON);
    await nl.append(entries(3), SIGNER);
    for (const code of ['BE', 'FR']) {
      const member = code as MemberCode;
      const receipt = await giveReceipt(nl, FEDERATION, member, secretsOf(code).receipt, 1_000_000);
      await receipts.heard(link(member), receipt as Receipt);
    }
    expect(said()).toEqual([]);
    receipts.tick();
    expect(said()).toEqual(['BE', 'FR']);
    receipts.tick();
    expect(said()).toEqual([]);
  });
});
