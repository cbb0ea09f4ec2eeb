// What happens on the exchange, for the log of the node and its journal.

import type { Fault } from '../../proto/gen/icse/v1/exchange_pb.js';
import type { LogName, MemberCode } from '../names.js';

export type ExchangeEvent =
  | {
      kind: 'linked';
      member: MemberCode;
      direction: 'in' | 'out';
      remote: string;
      software: string;
      session: string;
    }
  | {
      kind: 'unlinked';
      member: MemberCode;
      direction: 'in' | 'out';
      code: string;
      reason: string;
      byPeer: boolean;
    }
  | {
      kind: 'refused';
      member: MemberCode;
      direction: 'in' | 'out';
      remote: string;
      code: string;
      reason: string;
      byPeer: boolean;
    }
  | { kind: 'unreachable'; member: MemberCode; reason: string }
  | { kind: 'forked'; log: LogName; toldBy: MemberCode; fault: Fault }
  | { kind: 'own-log'; log: LogName; member: MemberCode; reason: string }
  | { kind: 'warning'; member: MemberCode; reason: string };
