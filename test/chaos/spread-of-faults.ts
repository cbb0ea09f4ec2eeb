// Whoever finds a fork tells those to whom it talks, at once and not only when a stream next begins: no stream that
// was there when the fork was found goes on without a word of it.

import { fromBinary } from '@bufbuild/protobuf';
import type { SaidMessage } from '../../node/exchange/frames.js';
import type { Link } from '../../node/exchange/link.js';
import type { LogName } from '../../node/names.js';
import { MessageSchema } from '../../proto/gen/icse/v1/exchange_pb.js';
import { type Ledger, short } from './ledger.js';
import type { SimulatedNode } from './simulated-node.js';

/** What was in the queue of a stream when the fork was found goes out first. */
const AT_ONCE_MS = 1000;

export interface Spreading {
  /** The node has just found, or heard from a peer, that the log is forked. */
  found(node: SimulatedNode, log: LogName): void;
  /** The node has sent the messages. */
  said(node: SimulatedNode, link: Link, messages: readonly SaidMessage[]): void;
}

/** `now` in virtual milliseconds. */
export function watchSpreading(ledger: Ledger, now: () => number): Spreading {
  /** For each stream, of which forks it is to bear word, and since when. */
  const due = new WeakMap<Link, Map<LogName, number>>();

  return {
    found(node, log) {
      if (ledger.dishonest.has(node.member)) return;
      for (const link of node.exchange.links()) {
        if (link.ended) continue;
        due.set(link, (due.get(link) ?? new Map<LogName, number>()).set(log, now()));
      }
    },
    said(node, link, messages) {
      const owed = due.get(link);
      if (owed === undefined || link.ended) return;
      for (const { bytes, run } of messages) {
        if (run !== undefined) continue;
        const { content } = fromBinary(MessageSchema, bytes);
        if (content.case === 'fault') owed.delete(content.value.log as LogName);
      }
      for (const [log, since] of owed) {
        if (now() - since <= AT_ONCE_MS) continue;
        owed.delete(log);
        const what = `${node.member} knows that ${short(log)} is forked, and goes on without telling ${link.member}`;
        ledger.broken('a fork is told to all', what);
      }
    },
  };
}
