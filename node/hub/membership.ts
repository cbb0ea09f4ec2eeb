// The operator's acts over the registry: admit, amend, suspend, reinstate, rotate. Each names places in the
// member's own log as the hub holds it (cuts, not times), so that all nodes agree whatever the order of arrival.

import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  AdmitSchema,
  AmendSchema,
  CutSchema,
  type MemberKeys,
  QuotaSchema,
  ReinstateSchema,
  RotateSchema,
  SuspendSchema,
} from '../../proto/gen/icse/v1/registry_pb.js';
import { Failure } from '../failure.js';
import { addressText, parseAddress } from '../home/address.js';
import type { Log } from '../log/log.js';
import type { Logs } from '../log/logs.js';
import { type LogName, LYON, type MemberCode, shortLogName } from '../names.js';
import { type Member, nextLog, type Place, type RegistryState } from '../registry/state.js';
import { EMPTY_ROOT } from '../tlog/hash.js';
import type { RegistryDesk } from './registry-desk.js';

export interface QuotaSetting {
  readonly entries: number;
  readonly bytes: number;
}

/** What a member may publish in a day unless the operator says otherwise. */
export const DEFAULT_QUOTA: QuotaSetting = { entries: 20_000_000, bytes: 8_000_000_000 };

/** An act that does not fit the federation as it is. */
export class BadAct extends Failure {
  declare readonly code: 'unknown-member' | 'bad-cut' | 'nothing-to-amend';

  constructor(code: BadAct['code'], message: string) {
    super(code, message);
  }
}

/** Where an act put the end of a member's log. */
export interface ActAt {
  /** Index of the entry in the registry. */
  readonly index: number;
  readonly log: LogName;
  readonly size: number;
}

/** Admits a new member. Throws BadRegistryEntry, RulesBroken. */
export function admit(
  desk: RegistryDesk,
  {
    member,
    keys,
    address,
    quota,
  }: {
    readonly member: MemberCode;
    readonly keys: MemberKeys;
    /** host:port, or empty when nobody dials it. */
    readonly address: string;
    readonly quota: QuotaSetting;
  },
): Promise<number> {
  return desk.act(() => ({
    case: 'admit',
    value: create(AdmitSchema, { member, keys, address, quota: quotaMessage(quota) }),
  }));
}

/** Changes a member's address (empty: it only dials) or quota. Throws BadAct, BadAddress, RulesBroken. */
export function amend(
  desk: RegistryDesk,
  member: MemberCode,
  { address, quota }: { readonly address?: string | undefined; readonly quota?: QuotaSetting | undefined },
): Promise<number> {
  return desk.act((state) => {
    memberOf(state, member);
    if (address === undefined && quota === undefined) {
      throw new BadAct('nothing-to-amend', `name the address or the quota that ${member} is to have`);
    }
    const changes: MessageInitShape<typeof AmendSchema> = { member };
    if (address !== undefined) changes.address = address === '' ? '' : addressText(parseAddress(address));
    if (quota !== undefined) changes.quota = quotaMessage(quota);
    return { case: 'amend', value: create(AmendSchema, changes) };
  });
}

/**
 * Suspends a member: its log is cut where the hub holds it, or at `at`, before a theft. Throws BadAct,
 * BadRegistryEntry.
 */
export async function suspend(
  desk: RegistryDesk,
  member: MemberCode,
  { at }: { readonly at?: number | undefined } = {},
): Promise<ActAt> {
  let placed: { log: LogName; size: number } | undefined;
  const index = await desk.act(async (state) => {
    const { log } = memberOf(state, member);
    const place = await heldPlace(desk.logs, log, at);
    placed = { log, size: place.size };
    return { case: 'suspend', value: create(SuspendSchema, { member, cut: cutMessage(log, place) }) };
  });
  return { index, ...(placed as { log: LogName; size: number }) };
}

/**
 * Makes a member active again. Its log goes on when the hub holds nothing above the cut, or when `accept` takes
 * what is above; otherwise it goes on in its next log. Throws BadAct, BadRegistryEntry.
 */
export async function reinstate(
  desk: RegistryDesk,
  member: MemberCode,
  { accept = false }: { readonly accept?: boolean | undefined } = {},
): Promise<ActAt> {
  let placed: { log: LogName; size: number } | undefined;
  const index = await desk.act((state) => {
    const { log } = memberOf(state, member);
    const held = logAt(desk.logs, log);
    const cut = state.logs.get(log)?.cut ?? { size: held.size, root: held.root };
    const goesOn = accept || held.size <= cut.size;
    const resumed = goesOn ? log : nextLog(log);
    const place = goesOn ? (held.size > cut.size ? { size: held.size, root: held.root } : cut) : NOTHING;
    placed = { log: resumed, size: place.size };
    const resume = cutMessage(resumed, place);
    return { case: 'reinstate', value: create(ReinstateSchema, { member, resume }) };
  });
  return { index, ...(placed as { log: LogName; size: number }) };
}

/**
 * Gives a member new keys: its log closes where the hub holds it (or at the cut that it has) and goes on in its
 * next log. Throws BadAct, BadRegistryEntry.
 */
export async function rotate(desk: RegistryDesk, member: MemberCode, keys: MemberKeys): Promise<ActAt> {
  let closed: { log: LogName; size: number } | undefined;
  const index = await desk.act(async (state) => {
    const { log } = memberOf(state, member);
    const place = state.logs.get(log)?.cut ?? (await heldPlace(desk.logs, log));
    closed = { log, size: place.size };
    return { case: 'rotate', value: create(RotateSchema, { member, keys, cut: cutMessage(log, place) }) };
  });
  return { index, ...(closed as { log: LogName; size: number }) };
}

const NOTHING: Place = { size: 0, root: EMPTY_ROOT };

/** The place at which the hub holds the log, or an earlier one. */
async function heldPlace(logs: Logs, name: LogName, at?: number): Promise<Place> {
  const log = logAt(logs, name);
  const { size, root } = log;
  if (at === undefined || at === size) return { size, root };
  if (!Number.isSafeInteger(at) || at < 0 || at > size) {
    const short = shortLogName(name);
    throw new BadAct('bad-cut', `${short} cannot be cut at ${at}: the hub holds it up to ${size}`);
  }
  return { size: at, root: await log.rootAt(at) };
}

function logAt(logs: Logs, name: LogName): Log {
  const log = logs.get(name);
  if (log === undefined)
    throw new Failure('store-damaged', `the log ${shortLogName(name)} is not open at the hub`);
  return log;
}

function memberOf(state: RegistryState, code: MemberCode): Member {
  const member = state.members.get(code);
  if (member === undefined) {
    const others = [...state.members.keys()].filter((other) => other !== LYON).join(', ');
    throw new BadAct('unknown-member', `${code} is not a member; members are ${others || 'none yet'}`);
  }
  return member;
}

/** A place as the registry's statements write it. */
export function cutMessage(log: LogName, { size, root }: Place) {
  return create(CutSchema, { log, size: BigInt(size), root });
}

/** A quota as the registry's statements write it. */
export function quotaMessage({ entries, bytes }: QuotaSetting) {
  return create(QuotaSchema, { entries: BigInt(entries), bytes: BigInt(bytes) });
}
