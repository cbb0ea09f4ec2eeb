// A running node as its command line sees it: the calls of the local socket, typed. What comes back is the
// node's own and of the same release, so it is taken as it is.

import { Readable } from 'node:stream';
import type {
  FederationFigures,
  HoldingItem,
  MemberListItem,
  NodeStatus,
  Notice,
  PurgeAnswer,
  RetractionReport,
  ShowAnswer,
  ViewsStatus,
} from '../../node/api.js';
import type { ErrorAnswer } from './answers.js';
import { SocketCalls } from './http-call.js';
import { findSocket } from './place.js';

/** Who acts, and why: for the log of the node. */
export interface ActBy {
  readonly by: string;
  readonly reason?: string;
}

export type PublishAnswer =
  | {
      readonly outcome: 'taken' | 'known';
      readonly member: string;
      readonly index: number;
      readonly log?: string;
      readonly recordId: string;
    }
  | (ErrorAnswer & { readonly line: number });

/** The answer to one statement that is no record. */
export type SaidAnswer =
  | {
      readonly outcome: 'taken';
      readonly member: string;
      readonly index: number;
      readonly log?: string;
      readonly entry: string;
    }
  | (ErrorAnswer & { readonly line: number });

export type HoldingsAnswer =
  | { readonly taken: number; readonly known: number }
  | (ErrorAnswer & { readonly line?: number });

export interface NoticesQuestion {
  readonly from?: number | undefined;
  readonly follow?: boolean;
  readonly entries?: boolean;
  /** Places (`NL:5`) after which entries are told; absent = from now on. */
  readonly after?: readonly string[] | undefined;
}

/** The hub's act, by the name of its route. */
export type HubAct = 'invite' | 'confirm' | 'amend' | 'suspend' | 'reinstate';

export class NodeClient {
  readonly #calls: SocketCalls;

  private constructor(calls: SocketCalls) {
    this.#calls = calls;
  }

  /** The client of the node on the home; whether one runs shows at the first call, as NoNode. */
  static async of(home: string, signal?: AbortSignal): Promise<NodeClient> {
    return new NodeClient(new SocketCalls(home, await findSocket(home), signal));
  }

  status(): Promise<NodeStatus> {
    return this.#calls.json('GET', '/status');
  }

  faults(): Promise<unknown[]> {
    return this.#calls.json('GET', '/faults');
  }

  views(): Promise<ViewsStatus> {
    return this.#calls.json('GET', '/views');
  }

  figures(): Promise<FederationFigures> {
    return this.#calls.json('GET', '/figures');
  }

  async rebuildViews(): Promise<void> {
    await this.#calls.text('POST', '/views/rebuild');
  }

  purge(): Promise<PurgeAnswer> {
    return this.#calls.json('POST', '/purge');
  }

  retractions(): Promise<RetractionReport[]> {
    return this.#calls.json('GET', '/retractions');
  }

  /** Sends records, lines of JSON with their ends; yields the node's answer lines as they come. */
  publish(records: AsyncIterable<string | Uint8Array>): AsyncGenerator<string[]> {
    return this.#calls.exchange('/publish', readableOf(records));
  }

  /** Sends holdings, lines of JSON with their ends; yields an answer line for each batch. */
  addHoldings(holdings: AsyncIterable<string>): AsyncGenerator<string[]> {
    return this.#calls.exchange('/holdings', readableOf(holdings));
  }

  async *holdings(label?: string): AsyncGenerator<HoldingItem> {
    const query = label === undefined ? '' : `?${new URLSearchParams({ label })}`;
    for await (const lines of this.#calls.lines('GET', `/holdings${query}`)) {
      for (const line of lines) yield JSON.parse(line) as HoldingItem;
    }
  }

  async removeHoldings(which: { label: string } | { hashes: readonly string[] }): Promise<number> {
    const { removed } = await this.#calls.json<{ removed: number }>('POST', '/holdings/remove', which);
    return removed;
  }

  /** The answers to at most MAX_LOOKUP hashes: one line of JSON each, with its end. */
  lookupLines(hashes: readonly string[]): Promise<string> {
    return this.#calls.text('POST', '/lookup', { hashes });
  }

  show(thing: string): Promise<ShowAnswer> {
    return this.#calls.json('GET', `/show?${new URLSearchParams({ thing })}`);
  }

  /** Notices as lines of JSON. Without `follow` it ends; with it, it ends when the node does. */
  notices({ from, follow = false, entries = false, after }: NoticesQuestion): AsyncGenerator<string[]> {
    const query = new URLSearchParams({ follow: follow ? '1' : '0', entries: entries ? '1' : '0' });
    if (from !== undefined) query.set('from', String(from));
    if (after !== undefined) query.set('after', after.join());
    return this.#calls.lines('GET', `/notices?${query}`);
  }

  members(): Promise<MemberListItem[]> {
    return this.#calls.json('GET', '/hub/members');
  }

  act<T>(
    act: HubAct,
    body: ActBy & { readonly member: string; readonly [field: string]: unknown },
  ): Promise<T> {
    return this.#calls.json('POST', `/hub/${act}`, body);
  }

  close(): void {
    this.#calls.close();
  }
}

/** A notice from its line. */
export function parseNotice(line: string): Notice {
  return JSON.parse(line) as Notice;
}

function readableOf(source: AsyncIterable<string | Uint8Array>): Readable {
  return source instanceof Readable ? source : Readable.from(source, { objectMode: false });
}
