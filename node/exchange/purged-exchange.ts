// What this node says of its purges, and what it hears of those of others.

import type { PurgedUpTo } from '../../proto/gen/icse/v1/exchange_pb.js';
import type { Clock } from '../clock.js';
import type { KeyPair } from '../keys/ed25519.js';
import type { Logs } from '../log/logs.js';
import { type LogName, LYON, type MemberCode } from '../names.js';
import type { Link } from './link.js';
import type { PurgedBook } from './purged-book.js';
import { type KeptPurged, purgedMessage, readPurged, signPurged } from './purged-up-to.js';
import { createSpreading } from './spreading.js';

export interface PurgedSurroundings {
  readonly clock: Clock;
  readonly logs: Logs;
  readonly me: MemberCode;
  readonly receiptKey: KeyPair;
  readonly book: PurgedBook;
  authorOf(log: LogName): MemberCode | undefined;
  linkTo(member: MemberCode): Link | undefined;
}

export interface PurgedExchange {
  /** Nothing is left to purge here of the first `size` entries of the log. */
  purged(log: LogName, size: number): void;
  /** A peer told of a purge. Throws when it is not good. */
  heard(link: Link, message: PurgedUpTo): void;
  /** A link is up and compared: it gets what it missed. */
  linked(link: Link): void;
}

export function exchangePurged(around: PurgedSurroundings): PurgedExchange {
  const { book, logs, me } = around;
  const { spread, spreadTo } = createSpreading<KeptPurged>({
    me,
    message: (kept) => ({ case: 'purgedUpTo', value: purgedMessage(kept) }),
    authorOf: around.authorOf,
    linkTo: around.linkTo,
  });
  return {
    purged(log, size) {
      if (size === 0 || (book.get(log, me)?.size ?? 0) >= size) return;
      const { federation } = logs.registry.state;
      const kept = signPurged(federation, log, size, me, around.receiptKey, around.clock.now());
      if (book.put(kept)) spread(kept);
    },
    heard(link, message) {
      const kept = readPurged(message, logs.registry.state);
      if (kept.by !== link.member && link.member !== LYON) return;
      if (book.put(kept)) spread(kept);
    },
    linked(link) {
      for (const log of logs.all()) for (const kept of book.on(log.name)) spreadTo(link.member, kept);
    },
  };
}
