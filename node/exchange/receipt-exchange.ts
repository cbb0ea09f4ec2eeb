// When receipts are given: for each log that is not our own, when it has grown on disk. Where they go: spreading.ts.
// All who take a log get its entries at the same moment; their receipts, and what these cost their author and Lyon, are
// spread over the seconds.

import type { Receipt } from '../../proto/gen/icse/v1/exchange_pb.js';
import type { Clock } from '../clock.js';
import type { KeyPair } from '../keys/ed25519.js';
import type { Log } from '../log/log.js';
import type { Logs } from '../log/logs.js';
import { type LogName, LYON, type MemberCode } from '../names.js';
import type { Link } from './link.js';
import type { ReceiptBook } from './receipt-book.js';
import { giveReceipt, type KeptReceipt, readReceipt, receiptMessage } from './receipts.js';
import { createSpreading } from './spreading.js';

/** A log is cosigned at most so often. */
const RECEIPT_MS = 1000;
/** And up to so much later, by chance. */
const SPREAD_MS = 500;

export interface ReceiptSurroundings {
  readonly clock: Clock;
  readonly logs: Logs;
  readonly me: MemberCode;
  readonly receiptKey: KeyPair;
  readonly book: ReceiptBook;
  /** At least 0, less than 1. */
  chance(): number;
  isOwn(log: LogName): boolean;
  /** The member that signs the log. */
  authorOf(log: LogName): MemberCode | undefined;
  /** The live link to a member. */
  linkTo(member: MemberCode): Link | undefined;
  failed(error: unknown): void;
}

export interface ReceiptExchange {
  /** The log changed on disk. */
  changed(log: Log): void;
  /** A peer said a receipt. Throws when it is not good. */
  heard(link: Link, receipt: Receipt): Promise<void>;
  /** A link is up and compared: it gets what it missed. */
  linked(link: Link): void;
  tick(): void;
  /** Resolves when no receipt is being made and all are written. */
  idle(): Promise<void>;
}

export function exchangeReceipts(around: ReceiptSurroundings): ReceiptExchange {
  const { book, logs, me } = around;
  /** Also each log that is here at the start: its receipt may have been due when the node stopped. */
  const due = new Set<Log>(logs.all().filter(needsReceipt));
  /** When the log may be cosigned again. */
  const nextAt = new Map<LogName, number>();
  /** Logs of others on which receipts came that their authors have not been told of. */
  const untold = new Set<LogName>();
  let giving: Promise<void> = Promise.resolve();
  const { spread, spreadTo } = createSpreading<KeptReceipt>({
    me,
    message: (receipt) => ({ case: 'receipt', value: receiptMessage(receipt) }),
    authorOf: around.authorOf,
    linkTo: around.linkTo,
  });

  function needsReceipt(log: Log): boolean {
    return !around.isOwn(log.name) && log.size > 0 && log.fault === undefined;
  }

  async function give(log: Log): Promise<void> {
    if (book.get(log.name, me)?.size === log.size) return;
    const receipt = await giveReceipt(
      log,
      logs.registry.state.federation,
      me,
      around.receiptKey,
      around.clock.now(),
    );
    if (receipt === undefined) return;
    const kept = readReceipt(receipt, logs.registry.state);
    if (book.put(kept)) spread(kept);
  }

  function giveDue(): void {
    const now = around.clock.now();
    for (const log of due) {
      const waitMs = (nextAt.get(log.name) ?? 0) - now;
      // After a clock that was ahead is set right, nothing waits for the time that it showed.
      if (waitMs > 0 && waitMs <= RECEIPT_MS + SPREAD_MS) continue;
      due.delete(log);
      nextAt.set(log.name, now + RECEIPT_MS + around.chance() * SPREAD_MS);
      giving = giving.then(() => give(log)).catch((error: unknown) => around.failed(error));
    }
  }

  /** Those of all who take a log in one frame a second, not each in one of its own. */
  function tellAuthors(): void {
    for (const log of untold) {
      const author = around.authorOf(log);
      if (author !== undefined) for (const receipt of book.on(log)) spreadTo(author, receipt);
    }
    untold.clear();
  }

  return {
    changed(log) {
      if (!needsReceipt(log)) return;
      due.add(log);
      giveDue();
    },
    async heard(link, receipt) {
      const kept = readReceipt(receipt, logs.registry.state);
      if (kept.by !== link.member && link.member !== LYON) return;
      if (book.put(kept)) untold.add(kept.log);
    },
    linked(link) {
      for (const log of logs.all()) for (const receipt of book.on(log.name)) spreadTo(link.member, receipt);
    },
    tick() {
      giveDue();
      tellAuthors();
    },
    async idle() {
      await giving;
      await book.written();
    },
  };
}
