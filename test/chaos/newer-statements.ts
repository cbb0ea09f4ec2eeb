// What a member publishes that runs a newer release before the others do: statements of which this release does not
// know the kind, or a field, or a word of a list. The log goes on everywhere, without their bytes.

import { create, toBinary } from '@bufbuild/protobuf';
import { WireType } from '@bufbuild/protobuf/wire';
import { utcDay } from '../../node/clock.js';
import { isHole } from '../../node/log/item.js';
import { parseLogName } from '../../node/names.js';
import { SCHEMA_VERSION } from '../../node/statements/entry.js';
import {
  type Entry,
  EntrySchema,
  HandlingSchema,
  MediaKind,
  MediaRecordSchema,
  RetractionReason,
  RetractionSchema,
} from '../../proto/gen/icse/v1/entry_pb.js';
import type { Federation } from './federation.js';
import { short } from './ledger.js';
import { alive, type Scene } from './scene.js';

/** No field of this release has such a number. */
const NEW_FIELDS = [100, 200] as const;
const SALT_BYTES = 16;

/** Somebody's newer release says what this one does not know. */
export function sayNewer(scene: Scene): boolean {
  const { federation, chance } = scene;
  const nodes = federation.copiesPublish ? federation.running() : alive(scene);
  if (nodes.length === 0) return false;
  federation.publish(chance.pick(nodes), [aNewerEntry(scene)]);
  return true;
}

function aNewerEntry(scene: Scene): Uint8Array {
  const { federation, chance } = scene;
  const today = utcDay(federation.time.now());
  const entry = create(EntrySchema, {
    salt: chance.bytes(SALT_BYTES),
    schema: SCHEMA_VERSION + 1,
    madeAt: BigInt(Math.floor(federation.time.now() / 1000)),
    statement: aNewerStatement(scene),
  });
  if (entry.statement.case === undefined) entry.$unknown = [aNewField(scene)];
  if (entry.statement.case !== 'retraction' && chance.happens(0.1))
    entry.handling = create(HandlingSchema, { keepUntilDay: today + chance.int(0, 2) });
  return toBinary(EntrySchema, entry);
}

/** A kind that does not exist yet, a record of a new kind of media, or a record or a retraction that says more. */
function aNewerStatement(scene: Scene): Entry['statement'] {
  const { chance } = scene;
  const id = new Uint8Array(16).fill(chance.int(1, 8));
  const sha256 = new Uint8Array(32).fill(chance.int(1, 40));
  switch (chance.int(0, 3)) {
    case 0:
      return { case: undefined };
    case 1: {
      const kind: MediaKind = MediaKind.VIDEO + 1;
      return { case: 'mediaRecord', value: create(MediaRecordSchema, { recordId: id, sha256, kind }) };
    }
    case 2: {
      const value = create(MediaRecordSchema, { recordId: id, sha256 });
      value.$unknown = [aNewField(scene)];
      return { case: 'mediaRecord', value };
    }
    default: {
      const target = { case: 'recordId' as const, value: id };
      const value = create(RetractionSchema, { target, reason: RetractionReason.DUPLICATE });
      value.$unknown = [aNewField(scene)];
      return { case: 'retraction', value };
    }
  }
}

function aNewField({ chance }: Scene) {
  const content = chance.bytes(chance.int(1, 100));
  const data = new Uint8Array([content.length, ...content]);
  return { no: chance.int(...NEW_FIELDS), wireType: WireType.LengthDelimited, data };
}

/** Nobody but its author keeps the bytes of what this release does not know. */
export async function checkRefused({ ledger, nodes }: Federation): Promise<void> {
  for (const { by, place, isKnown } of ledger.said) {
    if (isKnown || place === undefined || ledger.forked.has(place.log)) continue;
    for (const { member, logs, isRunning } of nodes.values()) {
      if (!isRunning || member === parseLogName(place.log).member) continue;
      const [item] = (await logs.get(place.log)?.read(place.index, place.index + 1)) ?? [];
      if (item !== undefined && !isHole(item))
        ledger.broken(
          'what is not known is not taken',
          `${member} has the bytes of ${short(place.log)}:${place.index}, which ${by} said in a newer release`,
        );
    }
  }
}
