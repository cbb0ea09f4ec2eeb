// Hashes that a country keeps at home: matched against everything that arrives and everything that is there,
// never sent. Nothing of the exchange may import this.

import type { NamedHash } from '../statements/hashes.js';
import type { Binary } from '../views/binary.js';
import { type HashKey, hashKey, namedHash } from '../views/hash-key.js';
import { openNewest } from './generations.js';
import { checkLabel, type Holding, holdingOf, labelPrefix, merged, type NewHolding } from './holding.js';
import { HoldingsDb, PAGE } from './holdings-db.js';
import { joinReferences } from './reference-lists.js';

/** A holding as it is listed. */
export interface ListedHolding {
  readonly label: string | undefined;
  readonly hashes: readonly NamedHash[];
}

/** Opens the holdings in a directory of their own, which is made if there is none. Throws HoldingsFailed. */
export async function openHoldings(directory: string): Promise<Holdings> {
  const db = new HoldingsDb(directory, await openNewest(directory));
  // The node ended between a removal and its compaction.
  if (await db.hasRemains()) await db.renew();
  const holdings = new Holdings(db);
  await holdings.lookWhetherEmpty();
  return holdings;
}

export class Holdings {
  readonly #db: HoldingsDb;
  #empty = false;
  /** One change after another, because each reads what it changes. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(db: HoldingsDb) {
    this.#db = db;
  }

  /** True when there is nothing to match. */
  get isEmpty(): boolean {
    return this.#empty;
  }

  /** Keeps the holdings; those that are new or have new hashes are taken. Throws BadHolding before any is kept. */
  async add(items: readonly NewHolding[]): Promise<{ taken: number; known: number }> {
    const holdings = items.map(holdingOf);
    return await this.#inTurn(async () => {
      let taken = 0;
      for (let at = 0; at < holdings.length; at += PAGE) {
        taken += await this.#addPage(holdings.slice(at, at + PAGE));
      }
      return { taken, known: holdings.length - taken };
    });
  }

  /** All holdings, or those with the label. */
  async *list({ label }: { label?: string } = {}): AsyncGenerator<ListedHolding> {
    let from = label === undefined ? '' : labelPrefix(label);
    const to = endOf(from);
    for (;;) {
      const page = await this.#db.page(from, to);
      for (const { hashes, label: own } of page) yield { label: own, hashes: hashes.map(namedHash) };
      const last = page.at(-1);
      if (page.length < PAGE || last === undefined) return;
      from = `${last.key}\0`;
    }
  }

  /** Forgets the holdings with the label, or those that have one of the hashes; `compact` clears the disk of them. */
  async remove(
    which: { readonly label: string } | { readonly hashes: readonly NamedHash[] },
  ): Promise<number> {
    if ('label' in which) checkLabel(which.label);
    return await this.#inTurn(async () => {
      const removed =
        'label' in which ? await this.#removeLabel(which.label) : await this.#removeHashes(which.hashes);
      await this.lookWhetherEmpty();
      return removed;
    });
  }

  /** Takes what was removed off the disk. Takes as long as copying what is left; reads go on, changes wait. */
  async compact(): Promise<void> {
    await this.#inTurn(() => this.#db.renew());
  }

  /** For each hash the holdings that have it. */
  async match(hashes: readonly NamedHash[]): Promise<Holding[][]> {
    return await this.matchKeys(hashes.map(hashKey));
  }

  async matchKeys(hashes: readonly HashKey[]): Promise<Holding[][]> {
    if (this.#empty) return hashes.map(() => []);
    const references = await this.#db.referencesOf(hashes);
    const holdings = await this.#db.holdingsAt(new Set(references.flat()));
    return references.map((keys) => keys.flatMap((key) => holdings.get(key) ?? []));
  }

  /** Up to a page of the holdings that are not yet matched against what is there. */
  async unmatched(): Promise<Holding[]> {
    return [...(await this.#db.holdingsAt(await this.#db.unmatchedKeys())).values()];
  }

  /** They are matched against what is there, and what follows from it is told. */
  async markMatched(matched: readonly Holding[]): Promise<void> {
    await this.#inTurn(async () => {
      const now = await this.#db.holdingsAt(new Set(matched.map(({ key }) => key)));
      // One that got further hashes meanwhile is to be matched again.
      const done = matched.filter(({ key, hashes }) => now.get(key)?.hashes.join('') === hashes.join(''));
      await this.#db.write(new Map(done.map(({ key }) => [`p${key}`, undefined])));
    });
  }

  async lookWhetherEmpty(): Promise<void> {
    this.#empty = (await this.#db.page('', endOf(''))).length === 0;
  }

  async close(): Promise<void> {
    await this.#queue;
    await this.#db.close();
  }

  async #addPage(page: readonly Holding[]): Promise<number> {
    const before = await this.#db.holdingsAt(new Set(page.map(({ key }) => key)));
    const now = new Map(before);
    let taken = 0;
    for (const holding of page) {
      const known = now.get(holding.key);
      const changed = known === undefined ? holding : merged(known, holding);
      if (changed === known) continue;
      now.set(holding.key, changed);
      taken += 1;
    }
    const changed = [...now.values()].filter((holding) => before.get(holding.key) !== holding);
    if (changed.length === 0) return 0;
    await this.#change(
      changed,
      changed.flatMap(({ key }) => before.get(key) ?? []),
    );
    this.#empty = false;
    return taken;
  }

  async #removeLabel(label: string): Promise<number> {
    const from = labelPrefix(label);
    let removed = 0;
    for (;;) {
      const page = await this.#db.page(from, endOf(from));
      if (page.length === 0) return removed;
      await this.#change([], page);
      removed += page.length;
    }
  }

  async #removeHashes(hashes: readonly NamedHash[]): Promise<number> {
    let removed = 0;
    for (let at = 0; at < hashes.length; at += PAGE) {
      const matches = await this.match(hashes.slice(at, at + PAGE));
      const holdings = new Map(matches.flat().map((holding) => [holding.key, holding]));
      if (holdings.size > 0) await this.#change([], [...holdings.values()]);
      removed += holdings.size;
    }
    return removed;
  }

  /** Takes out the old holdings and puts in the new ones, in one write. */
  async #change(put: readonly Holding[], takeOut: readonly Holding[]): Promise<void> {
    const hashes = [...new Set([...put, ...takeOut].flatMap((holding) => holding.hashes))];
    const lists = await this.#db.referencesOf(hashes);
    const references = new Map(hashes.map((hash, i) => [hash, new Set(lists[i])]));
    const rows = new Map<Binary, Binary | undefined>();
    for (const { key, hashes: own } of takeOut) {
      rows.set(`i${key}`, undefined).set(`p${key}`, undefined);
      for (const hash of own) references.get(hash)?.delete(key);
    }
    for (const { key, hashes: own } of put) {
      rows.set(`i${key}`, own.join('')).set(`p${key}`, '');
      for (const hash of own) references.get(hash)?.add(key);
    }
    for (const [hash, keys] of references) {
      rows.set(`h${hash}`, keys.size === 0 ? undefined : joinReferences(keys));
    }
    if (takeOut.length > 0) rows.set('c', '');
    await this.#db.write(rows);
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return await done;
  }
}

/** The end of the keys that begin with the prefix: the byte behind it, a length or an algorithm, is below 0xff. */
function endOf(prefix: Binary): Binary {
  return `${prefix}\xff`;
}
