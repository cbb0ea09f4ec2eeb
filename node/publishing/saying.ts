// The door for all that a member says beside media records. Each is published anew each time; what refers to nothing
// that is there is told to its author at once.

import type { MediaRecord, Retraction } from '../../proto/gen/icse/v1/entry_pb.js';
import type { PublishedStatement } from '../api.js';
import { laterLog, parseLogName } from '../names.js';
import { buildEntry, type EntryParts, RulesBroken } from '../statements/build.js';
import { hexText } from '../statements/hex.js';
import type { OpenStatement, ReadStatement } from '../statements/statement-json.js';
import { leafHash } from '../tlog/hash.js';
import { checkSubjectsAreKnown } from './known-subjects.js';
import { checkAnswerable, checkIsThere, checkRetractable, type FindRecord } from './own-entries.js';
import type { OwnLogWriter, WriterSurroundings } from './own-log-writer.js';
import { type DayCount, quotaOf } from './quota.js';
import { sealStatement } from './sealing.js';

export interface SayingSurroundings extends WriterSurroundings {
  readonly count: DayCount;
  random(sizeBytes: number): Uint8Array;
}

/** The records that the publisher knows of. */
export interface KnownRecords {
  readonly standing: FindRecord;
  /** The record with an id, which is derived where it has none. */
  named(record: MediaRecord): MediaRecord;
  /** What was taken back is known no more. */
  takenBack(target: Retraction['target']): void;
}

/**
 * Publishes a statement, sealed when it is for named readers alone; an open media record is the publisher's matter.
 * Throws RulesBroken, BadReaders, NotReady, OverQuota, or what appending throws.
 */
export function createSaying(
  around: SayingSurroundings,
  writer: OwnLogWriter,
  records: KnownRecords,
): (read: ReadStatement) => Promise<PublishedStatement> {
  /** Throws RulesBroken when the statement is about an entry or a subject that is not there. */
  async function checkReferences(statement: OpenStatement): Promise<void> {
    checkSubjectsAreKnown(statement, around.logs.registry.state);
    if (statement.case === 'retraction') {
      await checkRetractable(statement.value, around.logs, records.standing);
    } else if (statement.case === 'assessment' && statement.value.entry !== undefined) {
      checkIsThere('entry', statement.value.entry, around.logs);
    } else if (statement.case === 'event' && statement.value.answers !== undefined) {
      await checkAnswerable('answers', statement.value.answers, around);
    }
  }

  /** What makes the entry: the statement as it is, or sealed. */
  function partsOf({ statement, keepUntilDay, readers }: ReadStatement): EntryParts {
    const author = { member: around.me, generation: parseLogName(writer.current().log.name).generation };
    const now = Math.floor(around.clock.now() / 1000);
    const made = { author, keepUntilDay, now, random: around.random };
    if (readers.length === 0) return { statement, ...made };
    if (statement.case === 'retraction') {
      throw new RulesBroken([
        'readers: a retraction is for everybody, because everybody has to carry it out',
      ]);
    }
    const sealable =
      statement.case === 'mediaRecord' ? { ...statement, value: records.named(statement.value) } : statement;
    return sealStatement({ statement: sealable, readers, registry: around.logs.registry.state, ...made });
  }

  return async (read) => {
    await writer.ready();
    const { statement } = read;
    const bytes = buildEntry(partsOf(read));
    await checkReferences(statement);
    const { log, appender } = writer.current();
    const room = around.count.take(log.name, log.size, bytes.length, quotaOf(around));
    try {
      const index = await appender.append([bytes]);
      room.kept(index + 1);
      if (statement.case === 'retraction') {
        records.takenBack(statement.value.target);
        // So that it can be published anew at once. Views that fail are no reason to call failed what is on disk.
        await around.followed(log.name).catch(() => {});
      }
      const place = { member: around.me, index, ...laterLog(around.me, log.name) };
      return { outcome: 'taken', ...place, entry: hexText(leafHash(bytes)) };
    } catch (error) {
      room.released();
      throw error;
    }
  };
}
