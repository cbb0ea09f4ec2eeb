// The operator's acts as people and tools call them: the office, joined with who is connected and who lags.

import type { HubApi, MemberListItem, Ordered } from '../api.js';
import type { Clock } from '../clock.js';
import { invitationText } from '../enrolment/invitation-file.js';
import type { Exchange } from '../exchange/exchange.js';
import type { ReceiptBook } from '../exchange/receipt-book.js';
import { LYON, type MemberCode, parseMemberCode, shortLogName } from '../names.js';
import type { HubOffice } from './office.js';

export interface HubApiParts {
  readonly office: HubOffice;
  readonly exchange: Exchange;
  readonly book: ReceiptBook;
  readonly clock: Clock;
  /** Writes into the journal who ordered what, and why. */
  record(kind: string, facts: Readonly<Record<string, unknown>>): void;
}

export function hubApi({ office, exchange, book, clock, record }: HubApiParts): HubApi {
  const note = (act: string, member: string, { by, reason }: Ordered): void =>
    record('order', { act, member, by, reason });
  const alone = (appendAlone: boolean): void => {
    if (appendAlone) exchange.guard.appendAlone();
  };
  return {
    async list() {
      return office.memberList().map((row): MemberListItem => {
        const link = exchange.linkTo(row.member);
        const isHere = row.member === LYON || link !== undefined;
        return {
          ...row,
          connected: isHere,
          lastSeen: isHere ? new Date(clock.now()).toISOString() : lastSeen(exchange, book, row.member),
          lag: row.member === LYON ? 0 : lagOf(exchange, book, row.member),
        };
      });
    },
    async invite({ member, name, by, reason, ...wanted }) {
      note('invite', member, { by, reason });
      return invitationText(await office.invite({ ...wanted, name, member: parseMemberCode(member) }));
    },
    async confirm(member, fingerprint, ordered = {}) {
      note('confirm', member, ordered);
      await office.enrolment.confirm(parseMemberCode(member), fingerprint);
    },
    async amend({ member, address, quota, appendAlone, ...ordered }) {
      note('amend', member, ordered);
      alone(appendAlone);
      return { index: await office.amend(parseMemberCode(member), { address, quota }) };
    },
    async suspend({ member, at, appendAlone, ...ordered }) {
      note('suspend', member, ordered);
      alone(appendAlone);
      const { index, size } = await office.suspend(parseMemberCode(member), { at });
      return { index, cut: size };
    },
    async reinstate({ member, accept, appendAlone, ...ordered }) {
      note('reinstate', member, ordered);
      alone(appendAlone);
      const { index, log } = await office.reinstate(parseMemberCode(member), { accept });
      return { index, log: shortLogName(log) };
    },
  };
}

/** When the member last gave a receipt or ended a stream, as far as this hub knows. */
function lastSeen(exchange: Exchange, book: ReceiptBook, member: MemberCode): string | null {
  const ended = exchange.lastOutcome(member)?.at ?? 0;
  const receipts = exchange.logs.all().map((log) => (book.get(log.name, member)?.time ?? 0) * 1000);
  const latest = Math.max(ended, ...receipts);
  return latest === 0 ? null : new Date(latest).toISOString();
}

/** Entries of others' logs that the member's receipts do not cover; null when it has given none. */
function lagOf(exchange: Exchange, book: ReceiptBook, member: MemberCode): number | null {
  let lag = 0;
  let given = false;
  for (const log of exchange.logs.all()) {
    if (exchange.authorOf(log.name) === member) continue;
    const receipt = book.get(log.name, member);
    given ||= receipt !== undefined;
    lag += log.size - Math.min(log.size, receipt?.size ?? 0);
  }
  return given ? lag : null;
}
