// The door for all that a member says beside media records. Each is published anew each time; what refers to nothing
// that is there is told to its author at once.

import type { Retraction } from '../../proto/gen/icse/v1/entry_pb.js';
import type { PublishedStatement } from '../api.js';
import { laterLog, parseLogName } from '../names.js';
import { buildEntry } from '../statements/build.js';
import { hexText } from '../statements/hex.js';
import type { OpenStatement } from '../statements/statement-json.js';
import { leafHash } from '../tlog/hash.js';
import { checkIsThere, checkRetractable, type FindRecord } from './own-entries.js';
import type { OwnLogWriter, WriterSurroundings } from './own-log-writer.js';
import { type DayCount, quotaOf } from './quota.js';

/** A statement that is no media record. */
export type Said = Exclude<OpenStatement, { case: 'mediaRecord' }>;

export interface SayingSurroundings extends WriterSurroundings {
  readonly count: DayCount;
  random(sizeBytes: number): Uint8Array;
}

/** The records that the publisher knows of. */
export interface KnownRecords {
  readonly standing: FindRecord;
  /** What was taken back is known no more. */
  takenBack(target: Retraction['target']): void;
}

/** Publishes a statement. Throws RulesBroken, NotReady, OverQuota, or what appending throws. */
export function createSaying(
  around: SayingSurroundings,
  writer: OwnLogWriter,
  records: KnownRecords,
): (statement: Said, keepUntilDay: number) => Promise<PublishedStatement> {
  /** Throws RulesBroken when the statement is about an entry that is not there. */
  async function checkReferences(statement: Said): Promise<void> {
    if (statement.case === 'retraction') {
      await checkRetractable(statement.value, around.logs, records.standing);
    } else if (statement.case === 'assessment' && statement.value.entry !== undefined) {
      checkIsThere('entry', statement.value.entry, around.logs);
    } else if (statement.case === 'event' && statement.value.answers !== undefined) {
      checkIsThere('answers', statement.value.answers, around.logs);
    }
  }

  return async (statement, keepUntilDay) => {
    await writer.ready();
    const bytes = buildEntry({
      statement,
      author: { member: around.me, generation: parseLogName(writer.current().log.name).generation },
      keepUntilDay,
      now: Math.floor(around.clock.now() / 1000),
      random: around.random,
    });
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
