// A police force for tests of what it is told: views, notices and holdings of one member on real databases.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import type { NewHolding } from '../../node/holdings/holding.js';
import { type Holdings, openHoldings } from '../../node/holdings/holdings.js';
import type { MemberCode } from '../../node/names.js';
import { DeconflictionSearch } from '../../node/notices/deconfliction-search.js';
import { tellDisputesOf } from '../../node/notices/disputes.js';
import { type HitsOptions, tellHitsOf, tellHitsOfHoldings } from '../../node/notices/hits.js';
import type { Notice } from '../../node/notices/notice.js';
import { tellSealedHitsOf } from '../../node/notices/sealed-hits.js';
import { openTold, type Told } from '../../node/notices/told.js';
import type { Opener } from '../../node/views/opener.js';
import { Node, type World } from '../views/world.js';

export class Police {
  readonly #directory: string;
  readonly #db: ClassicLevel<Uint8Array, Uint8Array>;
  readonly #options: HitsOptions;
  readonly #told: Told;
  readonly #deconfliction: DeconflictionSearch;
  readonly holdings: Holdings;
  readonly node: Node;

  private constructor(
    directory: string,
    db: ClassicLevel<Uint8Array, Uint8Array>,
    options: HitsOptions,
    deconfliction: DeconflictionSearch,
    node: Node,
  ) {
    this.#directory = directory;
    this.#db = db;
    this.#options = options;
    this.#told = options.told;
    this.#deconfliction = deconfliction;
    this.holdings = options.holdings;
    this.node = node;
  }

  /** `open` opens what is sealed for it. */
  static async of(me: string, world: World, open?: Opener): Promise<Police> {
    const directory = await mkdtemp(join(tmpdir(), 'icse-police-'));
    const db = new ClassicLevel<Uint8Array, Uint8Array>(join(directory, 'told'), {
      keyEncoding: 'view',
      valueEncoding: 'view',
    });
    await db.open();
    const told = await openTold(db);
    const holdings = await openHoldings(join(directory, 'holdings'));
    const options = { me: me as MemberCode, told, holdings, now: () => 0 };
    const hasSaid = (generation: number, index: number): boolean =>
      index < world.size(generation === 1 ? me : `${me}.${generation}`);
    const onError = (error: Error): void => {
      throw error;
    };
    const deconfliction = new DeconflictionSearch({ ...options, onError });
    const node = await Node.start(world, {
      ...(open === undefined ? {} : { open }),
      async beforeCommit(step) {
        await tellHitsOf(step, options);
        await tellSealedHitsOf(step, options);
        await tellDisputesOf(step, { ...options, hasSaid });
        deconfliction.note(step.joined);
      },
    });
    // The views of the node change when it is started again.
    deconfliction.start({
      batchEnd: () => node.views.batchEnd(),
      get connections() {
        return node.views.connections;
      },
    });
    return new Police(directory, db, options, deconfliction, node);
  }

  /** Keeps the hashes at home and looks who else has them. */
  async hold(...holdings: NewHolding[]): Promise<void> {
    await this.holdings.add(holdings);
    await this.lookForHeld();
  }

  async lookForHeld(): Promise<void> {
    await tellHitsOfHoldings(this.node.views, this.#options);
  }

  /** All that was told, once the logs are applied. */
  async hears(): Promise<Notice[]> {
    await this.node.views.settled();
    await this.#deconfliction.idle();
    return await this.#told.read(1, 10_000);
  }

  /** What was told, in short: `hit AU:0 NL:3 sha256`. */
  async hearsInShort(): Promise<string[]> {
    return (await this.hears()).map((notice) => {
      if (!('mine' in notice)) return notice.kind;
      const match = notice as Extract<Notice, { kind: 'hit' | 'conflict' }>;
      const mine = 'record' in match.mine ? match.mine.record : `holding ${match.mine.holding}`;
      return `${match.kind} ${mine} ${match.other.log ?? match.other.member}:${match.other.index} ${match.algorithm}`;
    });
  }

  async retire(): Promise<void> {
    await this.#deconfliction.close();
    await this.node.stop();
    await this.holdings.close();
    await this.#db.close();
    await rm(this.#directory, { recursive: true });
  }
}
