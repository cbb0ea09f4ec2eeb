// The door for one's own statements: derives record ids, answers 'known' to what stands already, checks the
// quota, and appends to the member's own log.

import type { EntryReference, MediaRecord, Retraction } from '../../proto/gen/icse/v1/entry_pb.js';
import type { PublishedRecord, PublishedStatement } from '../api.js';
import type { Clock } from '../clock.js';
import { NotReady, type OwnLogGuard } from '../exchange/own-log.js';
import type { KeyPair } from '../keys/ed25519.js';
import { type Appender, createAppender } from '../log/appender.js';
import type { Log } from '../log/log.js';
import type { Logs } from '../log/logs.js';
import { type LogName, laterLog, type MemberCode, parseLogName } from '../names.js';
import { buildEntry } from '../statements/build.js';
import { decodeEntry, type EntryBytes } from '../statements/entry.js';
import { hexText } from '../statements/hex.js';
import { deriveRecordId, sameContent } from '../statements/record-id.js';
import type { OpenStatement } from '../statements/statement-json.js';
import { uuidText } from '../statements/uuid.js';
import { leafHash } from '../tlog/hash.js';
import { ed25519Signer } from '../tlog/note.js';
import { guardedSigner } from './guarded-signer.js';
import { checkIsThere, checkRetractable, type Place } from './own-entries.js';
import type { DayCount } from './quota.js';

export interface PublisherSurroundings {
  readonly clock: Clock;
  readonly logs: Logs;
  readonly me: MemberCode;
  readonly logKey: KeyPair;
  /** Secret of this node from which record ids are derived. */
  readonly recordSecret: Uint8Array;
  readonly guard: OwnLogGuard;
  readonly count: DayCount;
  random(sizeBytes: number): Uint8Array;
  /** Why the hub has suspended us; undefined when it has not. */
  suspended(): string | undefined;
  /** Where the current record with the id stands in our logs, by the views as far as they have got. */
  current(recordId: Uint8Array): Promise<Place | undefined>;
  /** Size up to which the views have followed the log. */
  viewedUpTo(log: LogName): number;
  /** Resolves when the views have followed the log as far as it is now. */
  followed(log: LogName): Promise<void>;
}

/** A statement that is no media record. */
export type Said = Exclude<OpenStatement, { case: 'mediaRecord' }>;

/** How long publishing waits for the views after a start; they follow 50,000 entries a second. */
const FOLLOW_MS = 10_000;

export interface Publisher {
  /** Throws RulesBroken, NotReady, OverQuota, or what appending throws. */
  publish(record: MediaRecord, keepUntilDay: number): Promise<PublishedRecord>;
  /** Publishes any other statement, each time anew. Throws as `publish` does. */
  say(statement: Said, keepUntilDay: number): Promise<PublishedStatement>;
  /** Takes nothing more; resolves when what was taken is on disk. */
  close(): Promise<void>;
}

/** A record that was published a moment ago and that the views may not have yet. */
interface Recent {
  readonly bytes: Uint8Array;
  readonly log: LogName;
  readonly index: Promise<number>;
  /** The index once it is on disk. */
  at?: number;
}

function saysTheSame(a: Uint8Array, b: EntryBytes): boolean {
  return sameContent(decodeEntry(a), decodeEntry(b));
}

export function createPublisher(around: PublisherSurroundings): Publisher {
  /** By record id, in the order of publishing. */
  const recent = new Map<string, Recent>();
  let appender: { log: Log; appender: Appender } | undefined;
  let followed: { readonly log: LogName; readonly done: Promise<void>; isDone: boolean } | undefined;
  let closed = false;

  function checkAllowed(): void {
    if (closed) throw new NotReady('not-ready', `publishing is refused: the node of ${around.me} stops`);
    const suspended = around.suspended();
    if (suspended !== undefined) throw new NotReady('suspended', `publishing is refused: ${suspended}`);
  }

  /** Throws when nothing may be signed now, whatever was true when the publishing began. */
  function checkReady(): void {
    checkAllowed();
    if (!around.guard.ready()) throw new NotReady('own-log', `publishing is refused: ${around.guard.why()}`);
  }

  /**
   * Waits, once, until the views have what our log held when this node started: what was published before a
   * crash is known by its id to them alone, and would stand twice when it is sent again. Throws NotReady.
   */
  async function viewsFollow(): Promise<void> {
    const log = around.logs.registry.state.members.get(around.me)?.log;
    if (log === undefined) return;
    // Views that fail are no reason to publish nothing: the worst is an entry that stands twice.
    if (followed?.log !== log) {
      const done = around.followed(log).catch(() => {});
      const following = { log, done, isDone: false };
      void done.then(() => {
        following.isDone = true;
      });
      followed = following;
    }
    if (followed.isDone) return;
    const { done } = followed;
    let cancel = (): void => {};
    const late = new Promise<never>((_resolve, reject) => {
      const why = 'cannot publish yet: the views still follow our own log (icse views)';
      cancel = around.clock.after(FOLLOW_MS, () => reject(new NotReady('not-ready', why)));
    });
    await Promise.race([done, late]).finally(() => cancel());
  }

  /** The writer of the log that the registry names for us now. */
  function ownAppender(): { log: Log; appender: Appender } {
    const member = around.logs.registry.state.members.get(around.me);
    if (member === undefined)
      throw new NotReady('not-ready', `${around.me} is not yet in the registry that this node has`);
    const log = around.logs.get(member.log);
    if (log === undefined) throw new NotReady('not-ready', `the log ${member.log} is not open yet`);
    if (appender?.log !== log) {
      appender = {
        log,
        appender: createAppender(log, guardedSigner(ed25519Signer(log.name, around.logKey), checkReady)),
      };
    }
    return appender;
  }

  function quota(): { entries: number; bytes: number } {
    return around.logs.registry.state.members.get(around.me)?.quota ?? { entries: 0, bytes: 0 };
  }

  /** Throws RulesBroken when the statement is about an entry that is not there. */
  async function checkReferences(statement: Said): Promise<void> {
    if (statement.case === 'retraction') {
      await checkRetractable(statement.value, around.logs, (recordId) => standingPlace(recordId));
    } else if (statement.case === 'assessment' && statement.value.entry !== undefined) {
      checkIsThere('entry', statement.value.entry, around.logs);
    } else if (statement.case === 'event' && statement.value.answers !== undefined) {
      checkIsThere('answers', statement.value.answers, around.logs);
    }
  }

  /** What was taken back is known no more, so that it can be published anew at once. */
  async function takenBack({ target }: Retraction, log: LogName): Promise<void> {
    for (const [key, just] of recent) {
      const isTaken =
        target.case === 'recordId'
          ? key === hexText(target.value)
          : target.case === 'entry' && isPlace(target.value, just);
      if (isTaken) recent.delete(key);
    }
    // Views that fail are no reason to call failed what is on disk.
    await around.followed(log).catch(() => {});
  }

  function isPlace({ generation, index }: EntryReference, just: Recent): boolean {
    return parseLogName(just.log).generation === generation && just.at === Number(index);
  }

  async function standingPlace(recordId: Uint8Array): Promise<Place | undefined> {
    const just = justPublished(hexText(recordId));
    if (just !== undefined) return { log: just.log, index: await just.index };
    return await around.current(recordId);
  }

  /** What was published a moment ago under the id, unless a cut has taken it back since. */
  function justPublished(key: string): Recent | undefined {
    const just = recent.get(key);
    return just !== undefined && counts(just.log, just.at) ? just : undefined;
  }

  /** False for what a cut has taken back: the views may not have followed it yet. */
  function counts(log: LogName, index: number | undefined): boolean {
    const cut = around.logs.registry.state.logs.get(log)?.cut;
    return cut === undefined || (index !== undefined && index < cut.size);
  }

  async function standing(key: string, recordId: Uint8Array): Promise<Recent | undefined> {
    const just = justPublished(key);
    if (just !== undefined) return just;
    const position = await around.current(recordId);
    if (position === undefined || !counts(position.log, position.index)) return undefined;
    const [item] = (await around.logs.get(position.log)?.read(position.index, position.index + 1)) ?? [];
    if (!(item instanceof Uint8Array)) return undefined;
    return { bytes: item, log: position.log, index: Promise.resolve(position.index) };
  }

  return {
    async publish(given, keepUntilDay) {
      // First, because a suspended member hears from nobody how long its log is.
      checkAllowed();
      await around.guard.whenReady((ms, act) => around.clock.after(ms, act));
      await viewsFollow();
      const record: MediaRecord =
        given.recordId.length > 0
          ? given
          : { ...given, recordId: deriveRecordId(around.recordSecret, given) };
      const bytes = buildEntry({
        statement: { case: 'mediaRecord', value: record },
        keepUntilDay,
        now: Math.floor(around.clock.now() / 1000),
        random: around.random,
      });
      const key = hexText(record.recordId);
      const stored = await standing(key, record.recordId);
      // Another caller may have published the same id meanwhile; from here to `recent.set` nothing waits.
      const known = justPublished(key) ?? stored;
      const answer = { member: around.me, recordId: uuidText(record.recordId) };
      if (known !== undefined && saysTheSame(known.bytes, bytes)) {
        return { outcome: 'known', index: await known.index, ...answer, ...laterLog(around.me, known.log) };
      }
      const own = ownAppender();
      checkReady();
      const room = around.count.take(own.log.name, own.log.size, bytes.length, quota());
      const index = own.appender.append(bytes);
      const mine: Recent = { bytes, log: own.log.name, index };
      const before = recent.get(key);
      recent.delete(key);
      recent.set(key, mine);
      try {
        mine.at = await index;
      } catch (error) {
        room.released();
        // What it was to replace stands still.
        if (recent.get(key) === mine) {
          recent.delete(key);
          if (before?.at !== undefined) recent.set(key, before);
        }
        throw error;
      }
      room.kept(mine.at + 1);
      forgetViewed();
      return { outcome: 'taken', index: mine.at, ...answer, ...laterLog(around.me, mine.log) };
    },
    async say(statement, keepUntilDay) {
      checkAllowed();
      await around.guard.whenReady((ms, act) => around.clock.after(ms, act));
      await viewsFollow();
      const bytes = buildEntry({
        statement,
        author: { member: around.me, generation: parseLogName(ownAppender().log.name).generation },
        keepUntilDay,
        now: Math.floor(around.clock.now() / 1000),
        random: around.random,
      });
      await checkReferences(statement);
      const own = ownAppender();
      checkReady();
      const room = around.count.take(own.log.name, own.log.size, bytes.length, quota());
      try {
        const index = await own.appender.append(bytes);
        room.kept(index + 1);
        if (statement.case === 'retraction') await takenBack(statement.value, own.log.name);
        return {
          outcome: 'taken',
          member: around.me,
          index,
          ...laterLog(around.me, own.log.name),
          entry: hexText(leafHash(bytes)),
        };
      } catch (error) {
        room.released();
        throw error;
      }
    },
    async close() {
      closed = true;
      await appender?.appender.drained();
      await around.count.close();
    },
  };

  /** Drops the recent records that the views have by now, the oldest first. */
  function forgetViewed(): void {
    for (const [key, { log, at }] of recent) {
      if (at === undefined) return;
      // The views never follow a log past its cut.
      if (at >= around.viewedUpTo(log) && counts(log, at)) return;
      recent.delete(key);
    }
  }
}
