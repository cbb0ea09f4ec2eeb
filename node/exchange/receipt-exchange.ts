// When receipts are given: for each log that is not our own, when it has grown on disk. Where they go: spreading.ts.

import type { Receipt } from '../../proto/gen/icse/v1/exchange_pb.js';
import type { Clock } from '../clock.js';
import type { KeyPair } from '../keys/ed25519.js';
import type { Log } from '../log/log.js';
import type { Logs } from '../log/logs.js';
import { type LogName, LYON, type MemberCode } from '../names.js';
import type { Link } from './link.js';
import type { ReceiptBook } from './receipt-book.js';
import { giveReceipt, readReceipt, receiptMessage } from './receipts.js';
import { createSpreading } from './spreading.js';

/** A log is cosigned at most so often. */
const RECEIPT_MS = 1000;
export interface ReceiptSurroundings {
  readonly clock: Clock;
  readonly logs: Logs;
  readonly me: MemberCode;
  readonly receiptKey: KeyPair;
  readonly book: ReceiptBook;
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
  const givenAt = new Map<LogName, number>();
  let giving: Promise<void> = Promise.resolve();
  const { spread, spreadTo } = createSpreading({
    me,
    book,
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
      if (now - (givenAt.get(log.name) ?? 0) < RECEIPT_MS) continue;
      due.delete(log);
      givenAt.set(log.name, now);
      giving = giving.then(() => give(log)).catch((error: unknown) => around.failed(error));
    }
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
      if (book.put(kept)) spread(kept);
    },
    linked(link) {
      for (const log of logs.all()) for (const receipt of book.on(log.name)) spreadTo(link.member, receipt);
    },
    tick: giveDue,
    async idle() {
      await giving;
      await book.written();
    },
  };
}
