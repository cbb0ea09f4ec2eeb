import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32c } from '../../node/store/crc32c.js';
import { hasLostRecords } from '../../node/store/level-recovery.js';

const FULL = 1;

/** One record as LevelDB writes it. */
function aRecord(data: Uint8Array): Uint8Array {
  const record = Buffer.alloc(7 + data.length, FULL);
  record.set(data, 7);
  const crc = crc32c(record.subarray(6));
  record.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0, 0);
  record.writeUInt16LE(data.length, 4);
  return record;
}

const records = fc.array(fc.uint8Array({ minLength: 12, maxLength: 80 }).map(aRecord), {
  minLength: 2,
  maxLength: 6,
});

describe('CRC-32C', () => {
  it('gives the values of RFC 3720', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
  });
});

describe("LevelDB's write-ahead log", () => {
  it('has lost nothing when it is whole, or cut short anywhere', () => {
    fc.assert(
      fc.property(records, fc.nat(), (written, cut) => {
        const file = Buffer.concat(written);
        expect(hasLostRecords(file)).toBe(false);
        expect(hasLostRecords(file.subarray(0, cut % file.length))).toBe(false);
      }),
    );
  });

  it('has lost records when any bit before the last one is flipped', () => {
    fc.assert(
      fc.property(records, fc.nat(), fc.nat(7), (written, at, bit) => {
        const file = Buffer.concat(written);
        const lastRecord = file.length - (written.at(-1) as Uint8Array).length;
        file[at % lastRecord] = (file[at % lastRecord] as number) ^ (1 << bit);
        expect(hasLostRecords(file)).toBe(true);
      }),
    );
  });

  it('has lost its last record when only the length of that is wrong', () => {
    fc.assert(
      fc.property(records, fc.nat(15), (written, bit) => {
        const file = Buffer.concat(written);
        const lengthAt = file.length - (written.at(-1) as Uint8Array).length + 4;
        file.writeUInt16LE(file.readUInt16LE(lengthAt) ^ (1 << bit), lengthAt);
        expect(hasLostRecords(file)).toBe(true);
      }),
    );
  });
});
