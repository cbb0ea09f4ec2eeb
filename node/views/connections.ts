// What the views tell of things, beyond look-ups: what is connected with one, which investigations are open, what
// members think of entries, and the statements themselves with the times at which their authors made them.

import type { LogName, MemberCode } from '../names.js';
import { decodeEntry } from '../statements/entry.js';
import type { Gate } from '../store/gate.js';
import { assessmentsOf, type CountedAssessment } from './assessments.js';
import type { Reader, ViewsDatabase } from './buffered-db.js';
import { type EntryKey, entryKey, entryKeyAt, positionAt } from './entry-key.js';
import {
  answersTo,
  type CaseSpace,
  eventsOfCases,
  membersWithOpenCases,
  type Opening,
  openAmong,
  openPositions,
} from './events.js';
import type { FreshLead } from './lead-rows.js';
import { leadsAbout } from './lead-things.js';
import { type LiveStatement, statementsAt } from './live-statements.js';
import type { LogTable } from './log-table.js';
import { recordsBearing } from './lookup.js';
import { thingsIn } from './naming.js';
import { type Part, partOf } from './part.js';
import { indexOf, inRuns, type Position } from './position.js';
import type { Runs } from './runs.js';
import { hasSealedOpenings, sealedOpeningsAbout, thingsOfLeads } from './sealed-cases.js';
import type { ViewSource } from './source.js';
import { SPACE } from './spaces.js';
import type { ThingKey } from './thing-key.js';
import { walkingReader } from './walking-reader.js';

/** Openings that are read at once. */
const OPENINGS_TOGETHER = 64;

/** The tables of whoever follows the logs, as they are at each time. */
export interface FollowedTables {
  readonly logs: LogTable;
  readonly index: { readonly runs: Runs };
}

export class Connections {
  readonly #db: ViewsDatabase;
  readonly #gate: Pick<Gate, 'use'>;
  readonly #source: Pick<ViewSource, 'read'>;
  readonly #tables: FollowedTables;
  readonly #reader: Reader;

  constructor(
    db: ViewsDatabase,
    gate: Pick<Gate, 'use'>,
    source: Pick<ViewSource, 'read'>,
    tables: FollowedTables,
  ) {
    this.#db = db;
    this.#gate = gate;
    this.#source = source;
    this.#tables = tables;
    this.#reader = walkingReader(db, gate);
  }

  get logs(): LogTable {
    return this.#tables.logs;
  }

  /** All that is connected with the thing, as far as a walk may go. */
  async part(thing: ThingKey): Promise<Part> {
    const { index } = this.#tables;
    return await partOf(
      {
        reader: this.#reader,
        logs: this.logs,
        bearing: (hashes) =>
          recordsBearing(this.#reader, (keys) => index.runs.findCommitted(this.#reader, keys), hashes),
      },
      thing,
    );
  }

  /** What was sealed for this member, or by it, about any of the things. */
  async leads(things: Iterable<ThingKey>): Promise<FreshLead[]> {
    return await leadsAbout(this.#reader, [...things]);
  }

  /** The investigations that are open in a part: those that everybody can read, and those in sealed statements. */
  async openings({ statements, things }: Part): Promise<{ open: Opening[]; sealed: Opening[] }> {
    const leads = await sealedOpeningsAbout(this.#reader, things);
    return {
      open: await openAmong(this.#reader, this.logs, statements),
      sealed: await openAmong(this.#reader, this.logs, leads),
    };
  }

  /** True when investigations were opened in sealed statements that can be read here. */
  async hasSealedOpenings(): Promise<boolean> {
    return await this.#gate.use(() => hasSealedOpenings(this.#db));
  }

  /** The members that have investigations open, anywhere, for everybody to read. */
  async membersWithOpenCases(): Promise<MemberCode[]> {
    return await this.#gate.use(() => membersWithOpenCases(this.#db));
  }

  /**
   * A thing of each investigation that is open for everybody to read, of a member or of all; and all things of those
   * that are open by sealed statements, which join nothing.
   */
  async *openThings(member?: MemberCode): AsyncGenerator<ThingKey> {
    const open = await this.#gate.use(() => this.#openPositions(SPACE.caseEvent, member));
    for (let from = 0; from < open.length; from += OPENINGS_TOGETHER) {
      yield* await this.#firstThings(open.slice(from, from + OPENINGS_TOGETHER));
    }
    const sealed = await this.#gate.use(() => this.#openPositions(SPACE.sealedCase));
    for (let from = 0; from < sealed.length; from += OPENINGS_TOGETHER) {
      yield* await thingsOfLeads(this.#reader, sealed.slice(from, from + OPENINGS_TOGETHER));
    }
  }

  /** For each entry that anybody assessed, the last live assessment by each member. */
  async assessments(entries: readonly EntryKey[]): Promise<Map<EntryKey, CountedAssessment[]>> {
    return await assessmentsOf(this.#reader, this.logs, entries);
  }

  async statements(positions: Iterable<Position>): Promise<Map<Position, LiveStatement>> {
    return await statementsAt(this.#reader, positions);
  }

  /**
   * The events that read as threads with the given ones: those which they answer, those that answer them, and the
   * openings and closings of their cases; as many rounds of that as give something new, up to `limit` events.
   */
  async threads(events: readonly LiveStatement[], limit: number): Promise<LiveStatement[]> {
    const found = new Map(events.map((event) => [event.position, event]));
    let fresh = events;
    while (fresh.length > 0 && found.size < limit) {
      const answers = await answersTo(
        this.#reader,
        fresh.map(({ position }) => entryKeyAt(this.logs, position)),
      );
      const cases = await eventsOfCases(this.#reader, this.logs, fresh);
      const answered = fresh.flatMap((event) => this.#answered(event) ?? []);
      const positions = [...answers.flat(), ...cases, ...answered].filter((position) => !found.has(position));
      const read = await this.statements(positions);
      fresh = [...read.values()].filter(({ said }) => said.case === 'event').slice(0, limit - found.size);
      for (const event of fresh) found.set(event.position, event);
    }
    return [...found.values()];
  }

  /** When the authors made the entries, in UTC seconds; those whose bytes are gone are left out. */
  async madeAt(positions: readonly Position[]): Promise<Map<Position, number>> {
    const times = new Map<Position, number>();
    for (const run of inRuns([...positions].sort())) {
      const first = indexOf(run[0] as Position);
      const entries = await this.#source.read(this.#logName(run[0] as Position), first, first + run.length);
      for (const [i, position] of run.entries()) {
        const bytes = entries[i];
        if (bytes !== undefined) times.set(position, Number(decodeEntry(bytes).madeAt));
      }
    }
    return times;
  }

  /** All at once: no reader may stay at the database while others wait for it. */
  async #openPositions(space: CaseSpace, member?: MemberCode): Promise<Position[]> {
    const positions: Position[] = [];
    for await (const position of openPositions(this.#db, space, member)) positions.push(position);
    return positions;
  }

  #logName(position: Position): LogName {
    return this.logs.logAt(position).name;
  }

  #answered({ said }: LiveStatement): Position | undefined {
    if (said.case !== 'event' || said.value.answers === undefined) return undefined;
    const key = entryKey(said.value.answers);
    return key === undefined ? undefined : positionAt(this.logs, key);
  }

  async #firstThings(positions: readonly Position[]): Promise<ThingKey[]> {
    const statements = await this.statements(positions);
    return [...statements.values()].flatMap(({ said }) => thingsIn(said)[0]?.key ?? []);
  }
}
