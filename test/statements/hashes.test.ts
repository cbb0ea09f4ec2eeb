import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ALGORITHMS,
  BadHash,
  HASH_BYTES,
  hashesOf,
  hashText,
  isEmptyInputHash,
  parseHash,
  strongestHash,
} from '../../node/statements/hashes.js';
import { recordIdsUnder, sameContent } from '../../node/statements/record-id.js';
import { HandlingSchema } from '../../proto/gen/icse/v1/entry_pb.js';
import { SuspendSchema } from '../../proto/gen/icse/v1/registry_pb.js';
import { anEntry, aRecord, bytesOf } from './samples.js';

const allHashes = {
  sha256: bytesOf(32, 1),
  sha1: bytesOf(20, 2),
  md5: bytesOf(16, 3),
  photodna: bytesOf(144, 4),
  pdq: bytesOf(32, 5),
};

describe('the hashes of a record', () => {
  test('come strongest first', () => {
    expect(hashesOf(aRecord(allHashes)).map(({ algorithm }) => algorithm)).toEqual(ALGORITHMS);
    expect(strongestHash(aRecord(allHashes)).algorithm).toBe('sha256');
    const perceptual = aRecord({ sha256: bytesOf(0, 0), pdq: allHashes.pdq });
    expect(strongestHash(perceptual)).toEqual({ algorithm: 'pdq', hash: allHashes.pdq });
    expect(() => strongestHash(aRecord({ sha256: bytesOf(0, 0) }))).toThrow('the record has no hash');
  });

  test('are read as they are written', () => {
    const named = fc
      .constantFrom(...ALGORITHMS)
      .chain((algorithm) =>
        fc
          .uint8Array({ minLength: HASH_BYTES[algorithm], maxLength: HASH_BYTES[algorithm] })
          .map((hash) => ({ algorithm, hash })),
      );
    fc.assert(
      fc.property(named, (hash) => {
        expect(parseHash(hashText(hash.algorithm, hash.hash))).toEqual(hash);
      }),
    );
  });

  test('tell their algorithm by their length', () => {
    expect(parseHash('AB'.repeat(32)).algorithm).toBe('sha256');
    expect(parseHash('ab'.repeat(20)).algorithm).toBe('sha1');
    expect(parseHash('ab'.repeat(16)).algorithm).toBe('md5');
  });

  test.each([
    '',
    'ab',
    'zz'.repeat(16),
    'ab'.repeat(64),
    'pdq:ab',
    'photodna:AAAA',
    `sha256:${'ab'.repeat(32)}`,
    ' ',
  ])('%j is no hash, and the refusal says what is', (text) => {
    expect(() => parseHash(text)).toThrow(BadHash);
    expect(() => parseHash(text)).toThrow(/write .*64 hex digits|192 characters/);
  });

  test('of empty input are known', () => {
    expect(isEmptyInputHash('md5', Buffer.from('d41d8cd98f00b204e9800998ecf8427e', 'hex'))).toBe(true);
    expect(isEmptyInputHash('md5', bytesOf(16, 0xd4))).toBe(false);
    expect(isEmptyInputHash('pdq', bytesOf(32, 0))).toBe(false);
  });
});

describe('a record id from content', () => {
  const secret = bytesOf(32, 9);

  test('is the same for the same strongest hash, whatever else is known', () => {
    const id = recordIdsUnder(secret)(aRecord());
    expect(id).toHaveLength(16);
    expect(recordIdsUnder(secret)(aRecord({ md5: allHashes.md5, size: 5n }))).toEqual(id);
  });

  test('differs by secret, by hash and by algorithm', () => {
    const id = recordIdsUnder(secret)(aRecord());
    expect(recordIdsUnder(bytesOf(32, 8))(aRecord())).not.toEqual(id);
    expect(recordIdsUnder(secret)(aRecord({ sha256: bytesOf(32, 3) }))).not.toEqual(id);
    expect(recordIdsUnder(secret)(aRecord({ sha256: bytesOf(0, 0), pdq: bytesOf(32, 2) }))).not.toEqual(id);
  });
});

describe('two entries', () => {
  test('say the same when only salt and time differ', () => {
    expect(sameContent(anEntry(), anEntry({ salt: bytesOf(16, 8), madeAt: 5n }))).toBe(true);
    const suspend = () => ({ case: 'suspend', value: create(SuspendSchema, { member: 'NL' }) }) as const;
    expect(
      sameContent(anEntry({ statement: suspend() }), anEntry({ madeAt: 5n, statement: suspend() })),
    ).toBe(true);
  });

  test('differ by statement and by keep-until', () => {
    const other = anEntry({ statement: { case: 'mediaRecord', value: aRecord({ size: 5n }) } });
    expect(sameContent(anEntry(), other)).toBe(false);
    expect(sameContent(anEntry(), anEntry({ handling: create(HandlingSchema, { keepUntilDay: 5 }) }))).toBe(
      false,
    );
    const suspend = { case: 'suspend', value: create(SuspendSchema, { member: 'NL' }) } as const;
    expect(sameContent(anEntry(), anEntry({ statement: suspend }))).toBe(false);
  });
});
