import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { giveReceipt, readReceipt } from '../../node/exchange/receipts.js';
import { keyPairOf } from '../../node/keys/ed25519.js';
import { Log } from '../../node/log/log.js';
import type { MemberCode } from '../../node/names.js';
import { createMemoryStore } from '../../node/store/memory-store.js';
import { cosign } from '../../node/tlog/cosignature.js';
import { ed25519Signer } from '../../node/tlog/note.js';
import { HoleReason, type Receipt, ReceiptSchema } from '../../proto/gen/icse/v1/exchange_pb.js';
import { entries, segmentOf } from '../log/logs.js';
import { admit, aRegistry, FEDERATION, log, secretsOf } from '../registry/acts.js';

const BE = 'BE' as MemberCode;
const NOW = Date.parse('2026-03-01T12:00:00Z');

async function aReceipt(): Promise<{ receipt: Receipt; registry: Awaited<ReturnType<typeof aRegistry>> }> {
  const registry = await aRegistry([admit('NL'), admit('BE')]);
  const nl = await Log.open(log('NL'), createMemoryStore(), {
    ...registry.rulesFor(log('NL')),
    examine: () => undefined,
  });
  await nl.append(entries(40), ed25519Signer(nl.name, secretsOf('NL').log));
  const receipt = (await giveReceipt(nl, FEDERATION, BE, secretsOf('BE').receipt, NOW)) as Receipt;
  return { receipt, registry };
}

describe('a receipt', () => {
  it('is read back as it was given', async () => {
    const { receipt, registry } = await aReceipt();
    expect(readReceipt(receipt, registry.state)).toMatchObject({
      by: 'BE',
      size: 40,
      time: NOW / 1000,
      holes: [],
    });
  });

  it.each<[string, (receipt: Receipt) => Partial<Receipt>]>([
    ['by somebody else', () => ({ by: 'NL' })],
    ['on another log', () => ({ log: log('BE') })],
    [
      'with its note altered',
      ({ note }) => ({ note: Buffer.from(Buffer.from(note).toString().replace('\n40\n', '\n41\n')) }),
    ],
    ['that names holes above its size', () => ({ holes: [40n] })],
    ['that names holes without end', () => ({ holes: Array.from({ length: 1001 }, () => 1n) })],
  ])('%s is refused', async (_what, change) => {
    const { receipt, registry } = await aReceipt();
    expect(() =>
      readReceipt(create(ReceiptSchema, { ...receipt, ...change(receipt) }), registry.state),
    ).toThrow();
  });

  it('is kept with its two signatures and nothing else', async () => {
    const { receipt, registry } = await aReceipt();
    const clean = readReceipt(receipt, registry.state).note;
    const name = 'a-line-of-free-text-that-is-no-signature-of-ours';
    const more = cosign(receipt.note, { name, keyPair: keyPairOf(new Uint8Array(32).fill(9)) }, 1);
    const kept = readReceipt({ ...receipt, note: more }, registry.state).note;
    expect(Buffer.from(more).includes('free-text')).toBe(true);
    expect(Buffer.from(kept).toString()).toBe(Buffer.from(clean).toString());
  });

  it.each([
    [1000, 1000],
    [1001, undefined],
  ])('of %i holes names them all or is not given', async (count, named) => {
    const registry = await aRegistry([admit('NL'), admit('BE')]);
    const rules = registry.rulesFor(log('NL'));
    const nl = await Log.open(log('NL'), createMemoryStore(), { ...rules, examine: () => undefined });
    await nl.append(entries(count), ed25519Signer(nl.name, secretsOf('NL').log));
    const be = await Log.open(log('NL'), createMemoryStore(), {
      ...rules,
      examine: () => ({ reason: HoleReason.REFUSED, rule: 'of a newer release' }),
    });
    await be.extend(await segmentOf(nl, 0));
    const receipt = await giveReceipt(be, FEDERATION, BE, secretsOf('BE').receipt, NOW);
    expect(receipt?.holes.length).toBe(named);
  });

  it('is not given on a log that does not stand at a checkpoint', async () => {
    const registry = await aRegistry([admit('NL')]);
    const nl = await Log.open(log('NL'), createMemoryStore(), registry.rulesFor(log('NL')));
    expect(await giveReceipt(nl, FEDERATION, BE, secretsOf('BE').receipt, NOW)).toBeUndefined();
  });
});
