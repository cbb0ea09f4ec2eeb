// Entries (node/statements): the strict scan, the decoder, the rules, and the JSON form of a record.

import { create, toBinary } from '@bufbuild/protobuf';
import { buildEntry } from '../../../node/statements/build.js';
import { decodeEntry, MAX_ENTRY_BYTES } from '../../../node/statements/entry.js';
import { recordFromJson, recordToJson } from '../../../node/statements/record-json.js';
import { brokenRules } from '../../../node/statements/rules.js';
import { EntrySchema, type MediaRecord, MediaRecordSchema } from '../../../proto/gen/icse/v1/entry_pb.js';
import type { Chance } from '../../chaos/chance.js';
import { type Act, admit, cut, reinstate, suspend } from '../../registry/acts.js';
import { isSame, promise, type Target } from '../target.js';

export const entryTarget: Target = { name: 'entry', open: () => subject };

const subject = {
  form: 'protobuf' as const,
  maxBytes: MAX_ENTRY_BYTES + 16,
  sample: anEntry,
  take(input: Uint8Array): void {
    const entry = decodeEntry(input);
    promise(isSame(toBinary(EntrySchema, entry), input), 'the entry encodes to other bytes');
    const broken = brokenRules(entry, 'member');
    brokenRules(entry, 'registry');
    if (broken.length > 0 || entry.statement.case !== 'mediaRecord') return;
    const keepUntilDay = entry.handling?.keepUntilDay ?? 0;
    const read = recordFromJson(recordToJson(entry.statement.value, keepUntilDay));
    const [before, after] = [entry.statement.value, read.record].map((record) =>
      toBinary(MediaRecordSchema, record as MediaRecord),
    ) as [Uint8Array, Uint8Array];
    promise(isSame(before, after), 'the record is another one after a turn through JSON');
    promise(read.keepUntilDay === keepUntilDay, 'the last day is another one after a turn through JSON');
  },
};

/** Bytes of an entry that keeps the rules. */
export function anEntry(chance: Chance): Uint8Array {
  const isRecord = chance.happens(0.7);
  return buildEntry({
    statement: isRecord ? { case: 'mediaRecord', value: aRecord(chance) } : anAct(chance),
    keepUntilDay: isRecord && chance.happens(0.3) ? chance.int(30_000, 40_000) : 0,
    now: chance.int(1_700_000_000, 1_900_000_000),
    random: chance.bytes,
  });
}

/** A media record with some of all that it may have. */
export function aRecord(chance: Chance): MediaRecord {
  const some = <Value>(value: () => Value, otherwise: Value): Value =>
    chance.happens(0.5) ? value() : otherwise;
  const none = new Uint8Array(0);
  const hasPdq = chance.happens(0.3);
  return create(MediaRecordSchema, {
    recordId: chance.bytes(16),
    sha256: chance.bytes(32),
    sha1: some(() => chance.bytes(20), none),
    md5: some(() => chance.bytes(16), none),
    pdq: hasPdq ? chance.bytes(32) : none,
    pdqQuality: hasPdq ? chance.int(0, 100) : 0,
    photodna: chance.happens(0.1) ? chance.bytes(144) : none,
    kind: chance.int(0, 2),
    size: some(() => BigInt(chance.int(0, 2 ** 40)), 0n),
    ...(chance.happens(0.4) ? { classification: { scheme: 'NL', code: String(chance.int(1, 9)) } } : {}),
    series: chance.happens(0.2) ? chance.bytes(16) : none,
  });
}

function anAct(chance: Chance): Act {
  const place = cut('NL', chance.int(0, 1000));
  switch (chance.int(0, 2)) {
    case 0:
      return admit('AU');
    case 1:
      return suspend('NL', place);
    default:
      return reinstate('NL', place);
  }
}
