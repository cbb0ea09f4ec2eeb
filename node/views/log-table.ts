// The logs that the views follow: how far, and by which local numbers positions name them. Numbers are given
// at first sight, so they differ from node to node and never leave the database.

import { Failure } from '../failure.js';
import { type LogName, type MemberCode, parseLogName, positionText } from '../names.js';
import { readU48, u16, u48 } from './binary.js';
import { type BufferedDb, type Snapshot, scan, type ViewsDatabase } from './buffered-db.js';
import {
  indexOf,
  type LogNumber,
  logNumber,
  logNumberOf,
  MAX_GENERATION,
  MAX_MEMBERS,
  type MemberNumber,
  type Position,
} from './position.js';
import { rangeOf, SPACE } from './spaces.js';

/** More members or generations than positions can name: `code` is 'views-full'. */
export class ViewsFull extends Failure {
  constructor(message: string) {
    super('views-full', message);
  }
}

export interface FollowedLog {
  readonly name: LogName;
  readonly member: MemberCode;
  readonly number: LogNumber;
  /** All entries below are in the batches made so far. */
  cursor: number;
  /** All entries below are in the database. */
  committed: number;
}

export class LogTable {
  readonly #byName = new Map<LogName, FollowedLog>();
  readonly #byNumber = new Map<LogNumber, FollowedLog>();
  readonly #members = new Map<MemberCode, MemberNumber>();
  readonly #codes = new Map<MemberNumber, MemberCode>();

  static async load(db: ViewsDatabase): Promise<LogTable> {
    const table = new LogTable();
    for await (const [key, value] of scan(db, ...rangeOf(SPACE.member))) {
      table.#addMember(key.slice(1) as MemberCode, value);
    }
    for (const [name, cursor] of await cursorsIn(db)) table.#addLog(name, cursor);
    return table;
  }

  all(): readonly FollowedLog[] {
    return [...this.#byName.values()];
  }

  get(name: LogName): FollowedLog | undefined {
    return this.#byName.get(name);
  }

  /** The log, which gets its number in this batch if it is new. Throws ViewsFull. */
  follow(db: BufferedDb, name: LogName): FollowedLog {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const { member } = parseLogName(name);
    if (member === undefined) throw new ViewsFull(`views follow logs of members, not ${name}`);
    if (!this.#members.has(member)) {
      if (this.#members.size === MAX_MEMBERS) throw new ViewsFull(`views can follow ${MAX_MEMBERS} members`);
      const number = u16(this.#members.size);
      this.#addMember(member, number);
      db.put(SPACE.member + member, number);
    }
    return this.#addLog(name, 0);
  }

  moveCursor(db: BufferedDb, log: FollowedLog, cursor: number): void {
    log.cursor = cursor;
    db.put(SPACE.log + log.name, u48(cursor));
  }

  /** Back to the beginning of every log; the numbers stay, because look-ups under way use them. */
  rewind(): void {
    for (const log of this.#byName.values()) {
      log.cursor = 0;
      log.committed = 0;
    }
  }

  logAt(position: Position): FollowedLog {
    return this.#byNumber.get(logNumberOf(position)) as FollowedLog;
  }

  /** True when a later log of the same member has been followed, some way at least. */
  hasLater({ member, number }: FollowedLog): boolean {
    for (const other of this.#byName.values()) {
      if (other.member === member && other.number > number && other.cursor > 0) return true;
    }
    return false;
  }

  /** The number of a member that has a log here. */
  numberOf(member: MemberCode): MemberNumber | undefined {
    return this.#members.get(member);
  }

  codeOf(number: MemberNumber): MemberCode {
    return this.#codes.get(number) as MemberCode;
  }

  #addMember(code: MemberCode, number: MemberNumber): void {
    this.#members.set(code, number);
    this.#codes.set(number, code);
  }

  #addLog(name: LogName, cursor: number): FollowedLog {
    const { member, generation } = parseLogName(name) as { member: MemberCode; generation: number };
    if (generation > MAX_GENERATION)
      throw new ViewsFull(`views can follow ${MAX_GENERATION} logs of a member`);
    const number = logNumber(this.#members.get(member) as MemberNumber, generation);
    const log: FollowedLog = { name, member, number, cursor, committed: cursor };
    this.#byName.set(name, log);
    this.#byNumber.set(number, log);
    return log;
  }
}

/** The place of a position as people write it: `NL:5`. */
export function placeText(logs: LogTable, position: Position): string {
  return positionText(logs.logAt(position).name, indexOf(position));
}

/** How far each log is followed in the database (or its snapshot). */
export async function cursorsIn(db: ViewsDatabase, snapshot?: Snapshot): Promise<[LogName, number][]> {
  const cursors: [LogName, number][] = [];
  const options = snapshot === undefined ? {} : { snapshot };
  for await (const [key, value] of scan(db, ...rangeOf(SPACE.log), options)) {
    cursors.push([key.slice(1) as LogName, readU48(value, 0)]);
  }
  return cursors;
}
