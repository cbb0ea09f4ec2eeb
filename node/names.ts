// Names of members, logs and places in logs, parsed strictly at the edges and branded inside.
//
//   member     NL, EUROPOL, LYON
//   log        icse/<federation>/NL, icse/<federation>/NL.2, icse/<federation>/registry
//   position   NL:5, NL.2:5, registry:0

import { Failure } from './failure.js';

export type MemberCode = string & { readonly __member: true };
export type FederationId = string & { readonly __federation: true };
export type LogName = string & { readonly __log: true };

/** The hub's own code. */
export const LYON = 'LYON' as MemberCode;

/** Text that names no member, log or place: `code` is 'bad-name'. */
export class BadName extends Failure {
  constructor(message: string) {
    super('bad-name', message);
  }
}

/** A member code: ISO 3166-1 alpha-2, or 3 to 16 capital letters for organisations. Throws BadName. */
export function parseMemberCode(text: string): MemberCode {
  if (text === 'UK') throw new BadName('member code UK is not in ISO 3166-1; write GB');
  if (!/^(?:[A-Z]{2}|[A-Z]{3,16})$/.test(text)) {
    throw new BadName(
      `${JSON.stringify(text.slice(0, 40))} is not a member code: two capital letters, or 3 to 16 for an organisation`,
    );
  }
  return text as MemberCode;
}

/** A federation id: SHA-256 of the root certificate's DER as 64 lower-case hex digits. Throws BadName. */
export function parseFederationId(text: string): FederationId {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new BadName('a federation id is 64 lower-case hex digits');
  return text as FederationId;
}

export interface LogParts {
  readonly federation: FederationId;
  /** The member that signs the log; undefined for a registry. */
  readonly member: MemberCode | undefined;
  /** 1 for the first log, 2 for `.2`, and so on. */
  readonly generation: number;
}

const LOG_NAME = /^icse\/([0-9a-f]{64})\/(registry|[A-Z]{2,16})(?:\.([1-9][0-9]{0,8}))?$/;

/** Splits a log name into its parts. Throws BadName. */
export function parseLogName(text: string): LogParts {
  const match = LOG_NAME.exec(text);
  if (match === null || match[3] === '1') {
    throw new BadName(`${JSON.stringify(text.slice(0, 120))} is not the name of a log`);
  }
  const [, federation, owner, generation] = match as unknown as [string, string, string, string | undefined];
  return {
    federation: federation as FederationId,
    member: owner === 'registry' ? undefined : parseMemberCode(owner),
    generation: generation === undefined ? 1 : Number(generation),
  };
}

/** The name of a member's log, or with no member of a registry, of the given generation (1, 2, ...). */
export function logName(federation: FederationId, member: MemberCode | undefined, generation = 1): LogName {
  const owner = member ?? 'registry';
  return `icse/${federation}/${owner}${generation === 1 ? '' : `.${generation}`}` as LogName;
}

/** The short name of a log in commands: `NL`, `NL.2`, `registry`. */
export function shortLogName(log: LogName): string {
  return log.slice(log.lastIndexOf('/') + 1);
}

/** What tells a member's log beside its code: nothing for its first one, else its short name. */
export function laterLog(member: string, log: LogName): { log?: string } {
  const short = shortLogName(log);
  return short === member ? {} : { log: short };
}

/** A place in a log as commands write it: `NL:5`, `NL.2:5`. */
export function positionText(log: LogName, index: number): string {
  return `${shortLogName(log)}:${index}`;
}

/** Reads a place as commands write it. Throws BadName. */
export function parsePosition(federation: FederationId, text: string): { log: LogName; index: number } {
  const match = /^([A-Za-z]{2,16}(?:\.[0-9]+)?):(0|[1-9][0-9]{0,14})$/.exec(text);
  if (match === null) throw new BadName(`${JSON.stringify(text.slice(0, 60))} is not a place such as NL:5`);
  const log = `icse/${federation}/${match[1]}`;
  parseLogName(log);
  return { log: log as LogName, index: Number(match[2]) };
}
