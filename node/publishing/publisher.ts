// The door for one's own statements: derives record ids, answers 'known' to what stands already, checks the
// quota, and appends to the member's own log.

import type { MediaRecord } from '../../proto/gen/icse/v1/entry_pb.js';
import type { PublishedRecord, PublishedStatement } from '../api.js';
import { type LogName, laterLog } from '../names.js';
import { buildEntry } from '../statements/build.js';
import { decodeEntry, type EntryBytes } from '../statements/entry.js';
import { hexText } from '../statements/hex.js';
import { recordIdsUnder, sameContent } from '../statements/record-id.js';
import type { ReadRecord } from '../statements/record-json.js';
import type { ReadStatement } from '../statements/statement-json.js';
import { uuidOf } from '../statements/uuid.js';
import { inOneTurn } from './in-one-turn.js';
import type { Place } from './own-entries.js';
import { createOwnLogWriter, type OwnLog, type WriterSurroundings } from './own-log-writer.js';
import { type DayCount, quotaOf, type Reservation } from './quota.js';
import { type Batch, type RecentRecord, RecentRecords } from './recent.js';
import { createSaying } from './saying.js';

export interface PublisherSurroundings extends WriterSurroundings {
  /** Secret of this node from which record ids are derived. */
  readonly recordSecret: Uint8Array;
  readonly count: DayCount;
  random(sizeBytes: number): Uint8Array;
  /** Where the current record of each id stands in our logs, by the views as far as they have got. */
  current(recordIds: readonly Uint8Array[]): Promise<(Place | undefined)[]>;
  /** Size up to which the views have followed the log. */
  viewedUpTo(log: LogName): number;
}

export interface Publisher {
  /** Resolves once it is on disk. Throws RulesBroken, NotReady, OverQuota, or what appending throws. */
  publish(record: MediaRecord, keepUntilDay: number): Promise<PublishedRecord>;
  /** The same for each of the records, in their order; what `publish` would throw stands in the place of its answer. */
  publishAll(records: readonly ReadRecord[]): Promise<(PublishedRecord | Error)[]>;
  /**
   * Publishes any other statement, and a record for named readers alone, each time anew. Throws as `publish` does,
   * and BadReaders.
   */
  say(read: ReadStatement): Promise<PublishedStatement>;
  /** Takes nothing more; resolves when what was taken is on disk. */
  close(): Promise<void>;
}

interface NextBatch extends OwnLog {
  readonly batch: Batch;
}

/** An entry that may be published, and the id of its record. */
interface Draft {
  readonly recordId: Uint8Array;
  /** The same in hex. */
  readonly id: string;
  readonly bytes: EntryBytes;
}

/** An entry that stands in a log of ours. */
interface Standing {
  readonly bytes: Uint8Array;
  readonly log: LogName;
  readonly index: number;
}

/** What becomes of a draft: it stands already, or it has its place in the batch that is written. */
type Fate =
  | { readonly id: string; readonly known: Standing | RecentRecord }
  | {
      readonly id: string;
      readonly mine: RecentRecord;
      /** What it is to replace, if that was published a moment ago as well. */
      readonly before: RecentRecord | undefined;
      readonly room: Reservation;
    };

function saysTheSame(a: Uint8Array, b: EntryBytes): boolean {
  return sameContent(decodeEntry(a), decodeEntry(b));
}

export function createPublisher(around: PublisherSurroundings): Publisher {
  const recent = new RecentRecords({ counts, viewedUpTo: (log) => around.viewedUpTo(log) });
  const recordIdOf = recordIdsUnder(around.recordSecret);
  const writer = createOwnLogWriter(around);
  const say = createSaying(around, writer, {
    standing: placeOf,
    named,
    takenBack: (target) => recent.forget(target),
  });

  /** A batch for the log that the registry names for us now. Throws NotReady. */
  function nextBatch(): NextBatch {
    const own = writer.current();
    return { ...own, batch: { log: own.log.name } };
  }

  /** Where the current record with the id stands, also when it was published a moment ago. */
  async function placeOf(recordId: Uint8Array): Promise<Place | undefined> {
    const just = recent.get(hexText(recordId));
    if (just === undefined) return (await around.current([recordId]))[0];
    const first = await just.batch.written;
    return first === undefined ? undefined : { log: just.batch.log, index: first + just.offset };
  }

  /** False for what a cut has taken back: the views may not have followed it yet. */
  function counts(log: LogName, index: number | undefined): boolean {
    const cut = around.logs.registry.state.logs.get(log)?.cut;
    return cut === undefined || (index !== undefined && index < cut.size);
  }

  /** The record with its id. Throws BadHash when it has neither an id nor a hash. */
  function named(record: MediaRecord): MediaRecord {
    return record.recordId.length > 0 ? record : { ...record, recordId: recordIdOf(record) };
  }

  function draftOf({ record: given, keepUntilDay }: ReadRecord, now: number): Draft {
    const record = named(given);
    const statement = { case: 'mediaRecord', value: record } as const;
    const bytes = buildEntry({ statement, keepUntilDay, now, random: around.random });
    return { recordId: record.recordId, id: hexText(record.recordId), bytes };
  }

  /** What the views know to stand under the drafts' ids, or why it cannot be read. */
  async function standingFor(drafts: readonly Draft[]): Promise<Map<string, Standing | Error>> {
    const positions = await around.current(drafts.map(({ recordId }) => recordId));
    const standing = new Map<string, Standing | Error>();
    const known = drafts.flatMap(({ id }, at) => {
      const position = positions[at];
      return position !== undefined && counts(position.log, position.index) ? [{ id, ...position }] : [];
    });
    await Promise.all(
      known.map(async ({ id, log, index }) => {
        try {
          const [bytes] = (await around.logs.get(log)?.read(index, index + 1)) ?? [];
          if (bytes instanceof Uint8Array) standing.set(id, { bytes, log, index });
        } catch (error) {
          standing.set(id, error as Error);
        }
      }),
    );
    return standing;
  }

  /** Gives each draft that says something new its place in the batch. */
  function decide(
    drafts: readonly (Draft | Error)[],
    standing: ReadonlyMap<string, Standing | Error>,
    next: NextBatch | Error,
  ): (Fate | Error)[] {
    const quota = quotaOf(around);
    let offset = 0;
    return drafts.map((draft) => {
      if (draft instanceof Error) return draft;
      const { id, bytes } = draft;
      const known = recent.get(id) ?? standing.get(id);
      if (known instanceof Error) return known;
      if (known !== undefined && saysTheSame(known.bytes, bytes)) return { id, known };
      if (next instanceof Error) return next;
      const { log, batch } = next;
      const room = orError(() => around.count.take(log.name, log.size, bytes.length, quota));
      if (room instanceof Error) return room;
      const mine = { bytes, batch, offset: offset++ };
      return { id, mine, before: recent.add(id, mine), room };
    });
  }

  /** Resolves when what has a place is on disk; the fate of what could not be written is why. */
  async function write(fates: (Fate | Error)[], next: NextBatch | Error): Promise<void> {
    const placed = fates.filter((fate) => 'mine' in fate);
    if (placed.length === 0 || next instanceof Error) return;
    const { appender, batch } = next;
    batch.written = appender.append(placed.map(({ mine }) => mine.bytes));
    try {
      const first = await batch.written;
      batch.first = first;
      for (const { mine, room } of placed) room.kept(first + mine.offset + 1);
      recent.forgetViewed();
    } catch (error) {
      for (const { id, mine, before, room } of placed) {
        room.released();
        recent.takeBack(id, mine, before);
      }
      for (const [at, fate] of fates.entries()) if ('mine' in fate) fates[at] = error as Error;
    }
  }

  function answer(
    outcome: PublishedRecord['outcome'],
    { id }: Fate,
    log: LogName,
    index: number,
  ): PublishedRecord {
    return { outcome, index, member: around.me, recordId: uuidOf(id), ...laterLog(around.me, log) };
  }

  /** Resolves when what the record repeats is on disk itself; rejects when it could not be written. */
  async function knownAnswer(fate: Extract<Fate, { known: unknown }>): Promise<PublishedRecord> {
    const { known } = fate;
    if (!('batch' in known)) return answer('known', fate, known.log, known.index);
    const first = (await known.batch.written) as number;
    return answer('known', fate, known.batch.log, first + known.offset);
  }

  /** Made at once, so that nothing but the bytes of a record waits for the disk. */
  function draftsOf(records: readonly ReadRecord[]): (Draft | Error)[] {
    const now = Math.floor(around.clock.now() / 1000);
    return records.map((record) => orError(() => draftOf(record, now)));
  }

  async function publishTogether(drafts: readonly (Draft | Error)[]): Promise<(PublishedRecord | Error)[]> {
    await writer.ready();
    const standing = await standingFor(drafts.filter((draft): draft is Draft => !(draft instanceof Error)));
    // Others may have published the same ids meanwhile; from here until the entries are handed over nothing waits.
    const next = orError(nextBatch);
    const fates = decide(drafts, standing, next);
    await write(fates, next);
    const answers: (PublishedRecord | Error)[] = [];
    for (const fate of fates) {
      if (fate instanceof Error) answers.push(fate);
      else if ('known' in fate) answers.push(await knownAnswer(fate).catch((error: Error) => error));
      else {
        const { batch, offset } = fate.mine;
        answers.push(answer('taken', fate, batch.log, (batch.first as number) + offset));
      }
    }
    return answers;
  }

  const publishInTurn = inOneTurn(publishTogether);

  return {
    async publish(record, keepUntilDay) {
      const [answer] = await publishInTurn(draftsOf([{ record, keepUntilDay }]));
      if (answer instanceof Error) throw answer;
      return answer as PublishedRecord;
    },
    publishAll(records) {
      const drafts = draftsOf(records);
      return publishInTurn(drafts).catch((error: Error) => drafts.map(() => error));
    },
    say,
    async close() {
      await writer.close();
      await around.count.close();
    },
  };
}

/** What went wrong is the fate of one record among many. */
function orError<T>(make: () => T): T | Error {
  try {
    return make();
  } catch (error) {
    return error as Error;
  }
}
