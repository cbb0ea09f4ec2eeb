// What this node has told, durably, in order, and each thing once: whatever has an id that was told already
// is dropped, across crashes and rebuilt views. Every write is synced before anybody hears of it.
//
//   i <id, 32 bytes>        -> sequence, 6 bytes
//   n <sequence, 6 bytes>   -> the notice as JSON
//
// The first write that fails is the last: LevelDB may lose what follows a torn record in its log file, and
// what was told would be told again. The node must be started again once the disk is mended.

import type { ClassicLevel } from 'classic-level';
import { Failure } from '../failure.js';
import { createGate } from '../store/gate.js';
import { scrub } from '../store/scrub.js';
import { type Notice, type NoticeBody, placesOf, withoutContent } from './notice.js';

/** Opened with the encoding 'view' for keys and values. */
export type ToldDatabase = ClassicLevel<Uint8Array, Uint8Array>;

/** Notices that go into one synced write: enough to share the sync, little enough to stay in memory. */
const MAX_WRITE = 1000;

/** The notices could not be written: `code` is 'notices-failed'. */
export class NoticesFailed extends Failure {
  constructor(cause: unknown) {
    super('notices-failed', `notices cannot be written: ${(cause as Error).message}`, cause);
  }
}

export interface Untold {
  /** 32 bytes; the same for the same thing to tell. */
  readonly id: Uint8Array;
  readonly body: NoticeBody;
}

export type NoticeListener = (notices: readonly Notice[]) => void;

export async function openTold(db: ToldDatabase): Promise<Told> {
  const [last] = await db
    .keys({ lt: sequenceKey(2 ** 48 - 1), gte: sequenceKey(0), reverse: true, limit: 1 })
    .all();
  return new Told(db, last === undefined ? 0 : Buffer.from(last).readUIntBE(1, 6));
}

export class Told {
  readonly #db: ToldDatabase;
  readonly #gate = createGate();
  readonly #listeners = new Set<NoticeListener>();
  #last: number;
  /** One tell at a time, so that sequences follow one another without a gap. */
  #queue: Promise<unknown> = Promise.resolve();
  #failure: NoticesFailed | undefined;

  constructor(db: ToldDatabase, last: number) {
    this.#db = db;
    this.#last = last;
  }

  /** The sequence of the last notice; 0 = none yet. */
  last(): number {
    return this.#last;
  }

  /** Tells what was not told before and returns it, once it is on disk. Throws NoticesFailed. */
  async tell(notices: readonly Untold[]): Promise<Notice[]> {
    if (notices.length === 0) return [];
    return await this.#enqueue(async () => {
      const fresh: Notice[] = [];
      for (let at = 0; at < notices.length; at += MAX_WRITE) {
        fresh.push(...(await this.#tellSome(notices.slice(at, at + MAX_WRITE))));
      }
      return fresh;
    });
  }

  /** True when something was told under the id. */
  async isTold(id: Uint8Array): Promise<boolean> {
    return (await this.#gate.use(() => this.#db.get(idKey(id)))) !== undefined;
  }

  /** Up to `limit` notices from the sequence on, in order. */
  async read(from: number, limit: number): Promise<Notice[]> {
    const range = { gte: sequenceKey(Math.max(0, from)), lt: sequenceKey(this.#last + 1), limit };
    const notices: Notice[] = [];
    await this.#gate.use(async () => {
      for await (const value of this.#db.values(range))
        notices.push(JSON.parse(Buffer.from(value).toString()));
    });
    return notices;
  }

  /**
   * Takes the hash out of the notices that tell of an entry which is purged: `isPurged` says of a place, such as
   * `NL:12`, whether it is. Returns how many lost theirs. Throws NoticesFailed.
   */
  async purge(isPurged: (place: string) => boolean): Promise<number> {
    let purged = 0;
    for (let from = 1; from <= this.#last; from += MAX_WRITE) {
      const touched = (await this.read(from, MAX_WRITE)).filter(
        (notice) => notice.purged !== true && placesOf(notice).some(isPurged),
      );
      if (touched.length === 0) continue;
      await this.#enqueue(async () => {
        const batch = this.#db.batch();
        for (const notice of touched) {
          batch.put(sequenceKey(notice.sequence), Buffer.from(JSON.stringify(withoutContent(notice))));
        }
        await this.#write(batch);
      });
      purged += touched.length;
    }
    return purged;
  }

  /** Takes what was overwritten off the disk. Throws the database's error. */
  async scrub(): Promise<void> {
    await scrub(this.#db, this.#gate);
  }

  /** Calls the listener with what is told from now on. Returns the end of the subscription. */
  subscribe(listener: NoticeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const working = this.#queue.then(() => this.#gate.use(work));
    this.#queue = working.catch(() => undefined);
    return await working;
  }

  async #write(batch: ReturnType<ToldDatabase['batch']>): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      await batch.write({ sync: true });
    } catch (error) {
      this.#failure = new NoticesFailed(error);
      throw this.#failure;
    }
  }

  async #tellSome(notices: readonly Untold[]): Promise<Notice[]> {
    if (this.#failure !== undefined) throw this.#failure;
    const byId = new Map(notices.map((notice) => [Buffer.from(notice.id).toString('latin1'), notice]));
    const candidates = [...byId.values()];
    const known = await this.#db.getMany(candidates.map(({ id }) => idKey(id)));
    const fresh: Notice[] = [];
    const batch = this.#db.batch();
    for (const [i, { id, body }] of candidates.entries()) {
      if (known[i] !== undefined) continue;
      const sequence = this.#last + fresh.length + 1;
      const notice: Notice = { sequence, ...body };
      const key = sequenceKey(sequence);
      batch.put(idKey(id), key.subarray(1));
      batch.put(key, Buffer.from(JSON.stringify(notice)));
      fresh.push(notice);
    }
    if (fresh.length === 0) {
      await batch.close();
      return fresh;
    }
    await this.#write(batch);
    this.#last += fresh.length;
    for (const listener of this.#listeners) listener(fresh);
    return fresh;
  }
}

function idKey(id: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from('i'), id]);
}

function sequenceKey(sequence: number): Buffer {
  const key = Buffer.alloc(7, 'n');
  key.writeUIntBE(sequence, 1, 6);
  return key;
}
