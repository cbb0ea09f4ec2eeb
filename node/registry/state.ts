// Who is a member, with which keys, and up to which place in which log: a pure fold over the registry's
// entries. Every node that has the same registry has the same state.

import type { Entry } from '../../proto/gen/icse/v1/entry_pb.js';
import type { Admit, Cut, Epoch, MemberKeys, PastLog, Quota } from '../../proto/gen/icse/v1/registry_pb.js';
import { Failure } from '../failure.js';
import {
  type FederationId,
  type LogName,
  LYON,
  logName,
  type MemberCode,
  parseLogName,
  parseMemberCode,
} from '../names.js';
import { EMPTY_ROOT } from '../tlog/hash.js';
import { type RegistrySigner, withSigner } from './log-keys.js';
import { isRootSigned } from './root-signature.js';

/** A place in a log: its first `size` entries have the tree `root`. */
export interface Place {
  readonly size: number;
  readonly root: Uint8Array;
}

export interface MemberLog {
  readonly name: LogName;
  readonly member: MemberCode;
  /** Ed25519 key that signs its checkpoints, 32 bytes. */
  readonly key: Uint8Array;
  /** Entries at or above do not count; undefined = the log is open. */
  readonly cut: Place | undefined;
}

export interface Member {
  readonly code: MemberCode;
  readonly suspended: boolean;
  readonly keys: MemberKeys;
  /** host:port, or empty when the member only dials. */
  readonly address: string;
  /** Entries and bytes a UTC day. */
  readonly quota: { readonly entries: number; readonly bytes: number };
  /** The log that it writes now. */
  readonly log: LogName;
}

export interface RegistryState {
  readonly federation: FederationId;
  /** 1 for the first registry, 2 after an epoch, and so on. */
  readonly generation: number;
  /** Entries applied. */
  readonly size: number;
  /** Schema version in force. */
  readonly schema: number;
  readonly members: ReadonlyMap<MemberCode, Member>;
  readonly logs: ReadonlyMap<LogName, MemberLog>;
  /** Every key that anybody has or had, in hex: one key, one member, one purpose, for good. */
  readonly keys: ReadonlySet<string>;
  /** The hub's log keys that sign this registry, the newest last. */
  readonly signers: readonly RegistrySigner[];
}

/** A registry entry that its rules refuse: code 'bad-registry-entry'. */
export class BadRegistryEntry extends Failure {
  constructor(index: number, message: string) {
    super('bad-registry-entry', `registry entry ${index}: ${message}`);
  }
}

/** More members than any plan foresees; bounds what a broken hub can cost a node. */
const MAX_MEMBERS = 4096;

export function emptyRegistry(federation: FederationId, generation = 1): RegistryState {
  return {
    federation,
    generation,
    size: 0,
    schema: 1,
    members: new Map(),
    logs: new Map(),
    keys: new Set(),
    signers: [],
  };
}

/** The log that holds this registry. */
export function registryLog(state: RegistryState): LogName {
  return logName(state.federation, undefined, state.generation);
}

/** The hub's keys; undefined before entry 0. */
export function hubKeys(state: RegistryState): MemberKeys | undefined {
  return state.members.get(LYON)?.keys;
}

/**
 * The state after one more entry, whose form has been checked. `rootKey` is the federation's Ed25519 root key.
 * Throws BadRegistryEntry and leaves the given state as it is.
 */
export function applyRegistryEntry(state: RegistryState, entry: Entry, rootKey: Uint8Array): RegistryState {
  const refuse = (message: string): never => {
    throw new BadRegistryEntry(state.size, message);
  };
  const next = { ...state, size: state.size + 1 };
  const { statement } = entry;
  if (state.size === 0) {
    if (statement.case === 'admit' && state.generation === 1) {
      if (statement.value.member !== LYON) refuse('the first entry admits the hub');
      if (!isRootSigned(state.federation, statement.value, rootKey)) {
        refuse("the hub's admission lacks the root's signature");
      }
      return admitted(next, statement.value, statement.value.past, refuse);
    }
    if (statement.case === 'epoch' && state.generation > 1) {
      if (!isRootSigned(state.federation, statement.value, rootKey))
        refuse("the epoch lacks the root's signature");
      return admitted(
        { ...next, schema: statement.value.schema },
        hubOf(statement.value),
        statement.value.past,
        refuse,
      );
    }
    return refuse('a registry begins by admitting the hub');
  }
  switch (statement.case) {
    case 'admit':
      return admitted(next, statement.value, statement.value.past, refuse);
    case 'amend': {
      const member = memberOf(state, statement.value.member, refuse);
      return withMember(next, {
        ...member,
        address: statement.value.address ?? member.address,
        quota: statement.value.quota === undefined ? member.quota : quotaOf(statement.value.quota),
      });
    }
    case 'suspend': {
      const member = memberOf(state, statement.value.member, refuse);
      if (member.code === LYON) refuse('the hub cannot be suspended');
      if (member.suspended) refuse(`${member.code} is suspended already`);
      const cut = cutOf(statement.value.cut, refuse);
      if (cut.log !== member.log) refuse(`${member.code} writes ${member.log}, not ${cut.log}`);
      return withLog(withMember(next, { ...member, suspended: true }), member.log, cut.place);
    }
    case 'reinstate': {
      const member = memberOf(state, statement.value.member, refuse);
      if (!member.suspended) refuse(`${member.code} is not suspended`);
      const resume = cutOf(statement.value.resume, refuse);
      const closed = state.logs.get(member.log)?.cut;
      if (resume.log === member.log) {
        if (closed !== undefined && resume.place.size < closed.size)
          refuse('the log cannot go on from below its cut');
        if (closed !== undefined && resume.place.size === closed.size && !isSameRoot(resume.place, closed))
          refuse('the log was cut at that place with another root');
        return withLog(withMember(next, { ...member, suspended: false }), member.log, undefined);
      }
      if (resume.log !== nextLog(member.log) || resume.place.size !== 0) {
        refuse(`${member.code} goes on in ${member.log} or from 0 in ${nextLog(member.log)}`);
      }
      const opened = { name: resume.log, member: member.code, key: member.keys.log, cut: undefined };
      return withNewLog(withMember(next, { ...member, suspended: false, log: resume.log }), opened);
    }
    case 'rotate': {
      const rotate = statement.value;
      const member = memberOf(state, rotate.member, refuse);
      if (member.code === LYON && !isRootSigned(state.federation, rotate, rootKey)) {
        refuse("new keys of the hub need the root's signature");
      }
      const keys = freshKeys(next, rotate.keys, refuse);
      const cut = cutOf(rotate.cut, refuse);
      const closed = state.logs.get(member.log)?.cut;
      if (cut.log !== member.log) refuse(`${member.code} writes ${member.log}, not ${cut.log}`);
      if (closed !== undefined && cut.place.size > closed.size)
        refuse('the log is cut below that place already');
      if (closed !== undefined && cut.place.size === closed.size && !isSameRoot(cut.place, closed))
        refuse('the log is cut at that place already, with another root');
      const log = nextLog(member.log);
      const opened = {
        name: log,
        member: member.code,
        key: keys.log,
        cut: member.suspended ? NOTHING : undefined,
      };
      const signers = member.code === LYON ? withSigner(state.signers, keys.log, state.size) : state.signers;
      const turned = withMember(withLog({ ...next, signers }, member.log, cut.place), {
        ...member,
        keys,
        log,
      });
      return withKeys(withNewLog(turned, opened), allOf(keys));
    }
    case 'schemaChange':
      if (statement.value.schema !== state.schema + 1)
        refuse(`schema ${state.schema} is followed by ${state.schema + 1}`);
      return { ...next, schema: statement.value.schema };
    default:
      return refuse(`${statement.case ?? 'nothing'} is not said in a registry`);
  }
}

function isSameRoot(a: Place, b: Place): boolean {
  return Buffer.compare(a.root, b.root) === 0;
}

const NOTHING: Place = { size: 0, root: EMPTY_ROOT };

type Refuse = (message: string) => never;

function admitted(
  state: RegistryState,
  admit: HubOrMember,
  past: readonly PastLog[],
  refuse: Refuse,
): RegistryState {
  const code = parseMemberCode(admit.member);
  if (state.members.has(code)) refuse(`${code} is a member already`);
  if (state.members.size >= MAX_MEMBERS) refuse(`a federation has at most ${MAX_MEMBERS} members`);
  const keys = freshKeys(state, admit.keys, refuse);
  if (admit.quota === undefined) refuse(`${code} has no quota`);
  if (past.length > 0 && state.generation === 1) refuse('earlier logs are named only after an epoch');
  let next = code === LYON ? { ...state, signers: withSigner([], keys.log, 0) } : state;
  for (const [at, { cut, key }] of past.entries()) {
    const { log, place } = cutOf(cut, refuse);
    if (log !== logName(state.federation, code, at + 1)) refuse(`${log} is not log ${at + 1} of ${code}`);
    if (key.length !== 32 || place.root.length !== 32)
      refuse(`the key or the root of ${log} is not 32 bytes`);
    const hasAnotherUse = [keys.receipt, keys.session, keys.sealing].some((other) => hex(other) === hex(key));
    if (state.keys.has(hex(key)) || hasAnotherUse) refuse(`the key of ${log} is in use already`);
    next = withNewLog(next, { name: log, member: code, key, cut: place });
  }
  const log = logName(state.federation, code, past.length + 1);
  const quota = quotaOf(admit.quota as Quota);
  next = withMember(next, { code, suspended: false, keys, address: admit.address, quota, log });
  next = withNewLog(next, { name: log, member: code, key: keys.log, cut: undefined });
  return withKeys(next, [...allOf(keys), ...past.map(({ key }) => key)]);
}

type HubOrMember = Pick<Admit, 'member' | 'keys' | 'address' | 'quota'>;

function hubOf(epoch: Epoch): HubOrMember {
  return {
    member: LYON,
    keys: epoch.keys as MemberKeys,
    address: epoch.address,
    quota: epoch.quota as Quota,
  };
}

function memberOf(state: RegistryState, text: string, refuse: Refuse): Member {
  return state.members.get(parseMemberCode(text)) ?? refuse(`${text} is not a member`);
}

/** Keys that nobody has or had: one key, one member, one purpose. */
function freshKeys(state: RegistryState, keys: MemberKeys | undefined, refuse: Refuse): MemberKeys {
  if (keys === undefined) return refuse('keys are missing');
  const { log, receipt, session, sealing } = keys;
  for (const [purpose, key] of Object.entries({ log, receipt, session, sealing })) {
    if (state.keys.has(hex(key))) refuse(`the ${purpose} key is in use already`);
  }
  return keys;
}

function allOf({ log, receipt, session, sealing }: MemberKeys): Uint8Array[] {
  return [log, receipt, session, sealing];
}

function withKeys(state: RegistryState, keys: readonly Uint8Array[]): RegistryState {
  return { ...state, keys: new Set([...state.keys, ...keys.map(hex)]) };
}

function hex(key: Uint8Array): string {
  return Buffer.from(key).toString('hex');
}

function cutOf(cut: Cut | undefined, refuse: Refuse): { log: LogName; place: Place } {
  if (cut === undefined) return refuse('the place in the log is missing');
  if (cut.size > BigInt(Number.MAX_SAFE_INTEGER)) refuse('the place is past 2^53 - 1');
  return { log: cut.log as LogName, place: { size: Number(cut.size), root: cut.root } };
}

function quotaOf(quota: Quota): Member['quota'] {
  return { entries: Number(quota.entries), bytes: Number(quota.bytes) };
}

/** The log that follows in the same member's name. */
export function nextLog(log: LogName): LogName {
  const { federation, member, generation } = parseLogName(log);
  return logName(federation, member, generation + 1);
}

function withMember(state: RegistryState, member: Member): RegistryState {
  return { ...state, members: new Map(state.members).set(member.code, member) };
}

function withNewLog(state: RegistryState, log: MemberLog): RegistryState {
  return { ...state, logs: new Map(state.logs).set(log.name, log) };
}

function withLog(state: RegistryState, name: LogName, cut: Place | undefined): RegistryState {
  return withNewLog(state, { ...(state.logs.get(name) as MemberLog), cut });
}
