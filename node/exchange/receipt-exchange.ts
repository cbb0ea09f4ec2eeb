// When receipts are given and where they go: ours to Lyon and to the log's author; at Lyon, those of all on a
// log to its author. Only what changed is sent, and what a link missed is sent when it comes back.

import type { Receipt } from '../../proto/gen/icse/v1/exchange_pb.js';
import type { Clock } from '../clock.js';
import type { KeyPair } from '../keys/ed25519.js';
import type { Log } from '../log/log.js';
import type { Logs } from '../log/logs.js';
import { type LogName, LYON, type MemberCode } from '../names.js';
import type { Link } from './link.js';
import type { ReceiptBook } from './receipt-book.js';
import { giveReceipt, type KeptReceipt, readReceipt, receiptMessage } from './receipts.js';

/** A log is cosigned at most so often. */
const RECEIPT_MS = 1000;
/** A peer that has not answered by then is told again when it next comes. */
const CONFIRM_MS = 30_000;

interface Underway {
  /** By log and signer. */
  readonly sizes: Map<string, KeptReceipt>;
  /** A ping is on its way. */
  asking: boolean;
}

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
  /** What each link has been told and may not have heard. */
  const underway = new WeakMap<Link, Underway>();
  let giving: Promise<void> = Promise.resolve();

  function needsReceipt(log: Log): boolean {
    return !around.isOwn(log.name) && log.size > 0 && log.fault === undefined;
  }

  function send(to: MemberCode, receipt: KeptReceipt): void {
    if (to === me || to === receipt.by) return;
    const link = around.linkTo(to);
    if (link === undefined || !link.session.consumer.compared()) return;
    const said = underway.get(link) ?? { sizes: new Map(), asking: false };
    underway.set(link, said);
    const key = `${receipt.log} ${receipt.by}`;
    if (Math.max(book.sent(to, receipt.log, receipt.by), said.sizes.get(key)?.size ?? -1) >= receipt.size)
      return;
    link.session.say({ case: 'receipt', value: receiptMessage(receipt) });
    said.sizes.set(key, receipt);
    confirm(link, said);
  }

  /** What was said counts as sent once the peer has answered what was said after it. */
  function confirm(link: Link, said: Underway): void {
    if (said.asking || said.sizes.size === 0) return;
    said.asking = true;
    const batch = [...said.sizes];
    void link.isAlive(CONFIRM_MS).then((isAlive) => {
      said.asking = false;
      if (!isAlive) return;
      for (const [key, receipt] of batch) {
        book.markSent(link.member, receipt.log, receipt.by, receipt.size);
        if (said.sizes.get(key) === receipt) said.sizes.delete(key);
      }
      confirm(link, said);
    });
  }

  function spread(receipt: KeptReceipt): void {
    const author = around.authorOf(receipt.log);
    if (receipt.by === me) send(LYON, receipt);
    if (author !== undefined && (receipt.by === me || me === LYON)) send(author, receipt);
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

  function spreadTo(member: MemberCode, receipt: KeptReceipt): void {
    const isForAuthor = around.authorOf(receipt.log) === member && (receipt.by === me || me === LYON);
    if (isForAuthor || (member === LYON && receipt.by === me)) send(member, receipt);
  }
}
