import { afterEach, describe, expect, it } from 'vitest';
import { LYON, parseMemberCode } from '../../node/names.js';
import { openCheckpoint } from '../../node/tlog/checkpoint.js';
import { cosignatureVerifier, readCosignature } from '../../node/tlog/cosignature.js';
import { ed25519Verifier } from '../../node/tlog/note.js';
import { type Parties, type Party, theParties, until } from './parties.js';
import { someRecords } from './records.js';

describe('countries and Lyon swap signed logs over mutual TLS', () => {
  let parties: Parties;
  afterEach(() => parties.close());

  async function theyStart(codes: string[], dial: readonly (readonly [string, string])[]): Promise<Party[]> {
    parties = await theParties(codes);
    for (const [from, to] of dial) parties.party(from).exchange.keepLinkTo(parseMemberCode(to));
    return codes.map((code) => parties.party(code));
  }

  it('brings what Australia publishes to the United States through Lyon', async () => {
    const [au, us] = (await theyStart(
      ['AU', 'US'],
      [
        ['AU', LYON],
        ['US', LYON],
      ],
    )) as [Party, Party];
    const entries = someRecords(300);
    await au.publish(entries);
    await until(us, () => us.copyOf(au)?.size === 300);
    expect(us.copyOf(au)?.root).toEqual(au.log.root);
    const read = (await us.copyOf(au)?.read(0, 300)) ?? [];
    expect(read.map((item) => Buffer.from(item as Uint8Array))).toEqual(
      entries.map((entry) => Buffer.from(entry)),
    );
  });

  it('goes on between direct peers when Lyon is closed', async () => {
    const [nl, be] = (await theyStart(
      ['NL', 'BE'],
      [
        ['NL', LYON],
        ['BE', LYON],
        ['NL', 'BE'],
      ],
    )) as [Party, Party];
    await nl.publish(someRecords(3));
    await until(be, () => be.copyOf(nl)?.size === 3 && nl.exchange.linkTo(be.member) !== undefined);
    await parties.lyon.close();
    await nl.publish(someRecords(5));
    await be.publish(someRecords(2));
    await until(be, () => be.copyOf(nl)?.size === 8);
    await until(nl, () => nl.copyOf(be)?.size === 2);
  });

  it('carries what was published while a country was away', async () => {
    const [nl, be] = (await theyStart(['NL', 'BE'], [['NL', LYON]])) as [Party, Party];
    await nl.publish(someRecords(700));
    await until(parties.lyon, () => parties.lyon.copyOf(nl)?.size === 700);
    be.exchange.keepLinkTo(LYON);
    await until(be, () => be.copyOf(nl)?.size === 700);
    expect(be.copyOf(nl)?.root).toEqual(nl.log.root);
  });

  it('loses nothing when a country stops while it publishes, and goes on when it starts again', async () => {
    const [nl, be] = (await theyStart(
      ['NL', 'BE'],
      [
        ['NL', LYON],
        ['BE', LYON],
      ],
    )) as [Party, Party];
    const publishing = Promise.all(someRecords(20).map((entry) => nl.publish([entry])));
    await publishing;
    const again = await parties.restart('NL');
    again.exchange.keepLinkTo(LYON);
    await again.publish(someRecords(10));
    await until(be, () => be.copyOf(again)?.size === 30);
    expect(be.copyOf(again)?.root).toEqual(again.log.root);
  });

  it('lets one stream stay when both dial at once', async () => {
    const [nl, be] = (await theyStart(
      ['NL', 'BE'],
      [
        ['NL', LYON],
        ['BE', LYON],
      ],
    )) as [Party, Party];
    await until(nl, () => nl.exchange.linkTo(LYON) !== undefined && nl.registry.state.size === 3);
    await until(be, () => be.exchange.linkTo(LYON) !== undefined && be.registry.state.size === 3);
    nl.exchange.keepLinkTo(be.member);
    be.exchange.keepLinkTo(nl.member);
    const sessionOf = (one: Party, other: Party): string | undefined => {
      const id = one.exchange.linkTo(other.member)?.sessionId;
      return id === undefined ? undefined : Buffer.from(id).toString('hex');
    };
    await until(nl, () => sessionOf(nl, be) !== undefined && sessionOf(nl, be) === sessionOf(be, nl));
    await parties.lyon.close();
    await nl.publish(someRecords(4));
    await be.publish(someRecords(6));
    await until(be, () => be.copyOf(nl)?.size === 4);
    await until(nl, () => nl.copyOf(be)?.size === 6);
  });

  it('gives the author and Lyon receipts that anyone can verify', async () => {
    const [nl, be] = (await theyStart(
      ['NL', 'BE'],
      [
        ['NL', LYON],
        ['BE', LYON],
      ],
    )) as [Party, Party];
    await nl.publish(someRecords(9));
    const { name } = nl.log;
    const { lyon } = parties;
    await until(nl, () => nl.book.get(name, be.member)?.size === 9 && nl.book.get(name, LYON)?.size === 9);
    await until(lyon, () => lyon.book.get(name, be.member)?.size === 9);
    for (const by of [be, lyon]) {
      const receipt = nl.book.get(name, by.member);
      const note = receipt?.note as Uint8Array;
      const key = cosignatureVerifier(
        `icse/${parties.federation}/${by.member}/receipt`,
        by.secrets.receipt.publicKey,
      );
      expect(openCheckpoint(note, ed25519Verifier(name, nl.secrets.log.publicKey)).root).toEqual(nl.log.root);
      expect(readCosignature(note, key).time).toBeGreaterThan(1_700_000_000);
      expect(receipt?.holes).toEqual([]);
    }
  });
});
