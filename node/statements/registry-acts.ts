// The rules of the registry's statements, each by itself: keys, addresses, quotas, cuts, patterns.
// Whether an act fits the state of the federation (the member exists, the cut can be held) is the
// registry's own matter.

import { createHash } from 'node:crypto';
import type { Entry } from '../../proto/gen/icse/v1/entry_pb.js';
import type { Cut, MemberKeys, Quota } from '../../proto/gen/icse/v1/registry_pb.js';
import { BadName, type LogParts, LYON, parseLogName, parseMemberCode } from '../names.js';
import { quoted } from './quoted.js';

const KEY_BYTES = 32;
const ROOT_BYTES = 32;
const SIGNATURE_BYTES = 64;
const KEY_NAMES = ['log', 'receipt', 'session', 'sealing'] as const;

/** Sizes and positions are plain numbers in our code, exact up to here. */
const MAX_LOG_SIZE = BigInt(Number.MAX_SAFE_INTEGER);

/** The root of no entries at all (RFC 6962 section 2.1). */
const EMPTY_ROOT = createHash('sha256').digest();

const ADDRESS =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\]):([1-9][0-9]{0,4})$/;
const MAX_PORT = 65535;

/** Adds the rules that a statement of the registry breaks; one that is a member's is itself a broken rule. */
export function checkRegistryAct(statement: Entry['statement'], reasons: string[]): void {
  switch (statement.case) {
    case 'admit': {
      const { member, keys, address, quota } = statement.value;
      checkMember(member, reasons);
      checkKeys(keys, reasons);
      if (address !== '') checkAddress(address, reasons);
      if (quota === undefined) reasons.push('quota: missing');
      else checkQuota(quota, reasons);
      checkHubSignature(member, statement.value.rootSignature, reasons);
      return;
    }
    case 'amend': {
      const { member, address, quota } = statement.value;
      checkMember(member, reasons);
      if (address === undefined && quota === undefined)
        reasons.push('amend: changes neither address nor quota');
      if (address !== undefined && address !== '') checkAddress(address, reasons);
      if (quota !== undefined) checkQuota(quota, reasons);
      return;
    }
    case 'suspend':
      checkMember(statement.value.member, reasons);
      checkCut('cut', statement.value.cut, statement.value.member, reasons);
      return;
    case 'reinstate':
      checkMember(statement.value.member, reasons);
      checkCut('resume', statement.value.resume, statement.value.member, reasons);
      return;
    case 'rotate': {
      const { member, keys, cut, rootSignature } = statement.value;
      checkMember(member, reasons);
      checkKeys(keys, reasons);
      checkCut('cut', cut, member, reasons);
      checkHubSignature(member, rootSignature, reasons);
      return;
    }
    case 'schemaChange':
      if (statement.value.schema === 0) reasons.push('schema: 0, must be at least 1');
      return;
    case 'epoch': {
      const { previous, keys, address, rootSignature } = statement.value;
      checkCut('previous', previous, undefined, reasons);
      checkKeys(keys, reasons);
      checkAddress(address, reasons);
      checkRootSignature(rootSignature, reasons);
      return;
    }
    case undefined:
      reasons.push('statement: missing');
      return;
    default:
      reasons.push(`${statement.case}: a member's statement, not for the registry`);
  }
}

function checkMember(code: string, reasons: string[]): void {
  const fault = nameFault(() => parseMemberCode(code));
  if (fault !== undefined) reasons.push(`member: ${fault}`);
}

function checkKeys(keys: MemberKeys | undefined, reasons: string[]): void {
  if (keys === undefined) {
    reasons.push('keys: missing');
    return;
  }
  for (const [place, name] of KEY_NAMES.entries()) {
    const key = keys[name];
    if (key.length !== KEY_BYTES) reasons.push(`keys.${name}: ${key.length} bytes, must be ${KEY_BYTES}`);
    for (const other of KEY_NAMES.slice(0, place)) {
      if (key.length > 0 && Buffer.compare(key, keys[other]) === 0) {
        reasons.push(`keys.${name}: the same as keys.${other}`);
      }
    }
  }
}

function checkAddress(address: string, reasons: string[]): void {
  const match = ADDRESS.exec(address);
  if (match === null) {
    reasons.push(`address: ${quoted(address)}, must be host:port, with an IPv6 address in [ ]`);
  } else if (Number(match[1]) > MAX_PORT) {
    reasons.push(`address: port ${match[1]}, must be 1 to ${MAX_PORT}`);
  }
}

function checkQuota(quota: Quota, reasons: string[]): void {
  if (quota.entries === 0n) reasons.push('quota.entries: 0, must be at least 1');
  if (quota.bytes === 0n) reasons.push('quota.bytes: 0, must be at least 1');
}

/** `owner` is the member whose log it must be; undefined for a registry. */
function checkCut(field: string, cut: Cut | undefined, owner: string | undefined, reasons: string[]): void {
  if (cut === undefined) {
    reasons.push(`${field}: missing`);
    return;
  }
  let parts: LogParts | undefined;
  const fault = nameFault(() => {
    parts = parseLogName(cut.log);
  });
  if (fault !== undefined) reasons.push(`${field}.log: ${fault}`);
  else if (parts?.member !== owner) {
    const whose = owner === undefined ? 'a registry' : quoted(owner);
    reasons.push(`${field}.log: the log of ${parts?.member ?? 'a registry'}, must be that of ${whose}`);
  }
  if (cut.size > MAX_LOG_SIZE) reasons.push(`${field}.size: ${cut.size}, must be at most ${MAX_LOG_SIZE}`);
  if (cut.root.length !== ROOT_BYTES) {
    reasons.push(`${field}.root: ${cut.root.length} bytes, must be ${ROOT_BYTES}`);
  } else if (cut.size === 0n && Buffer.compare(cut.root, EMPTY_ROOT) !== 0) {
    reasons.push(`${field}.root: of size 0, must be the root of the empty tree`);
  }
}

/** What says who the hub is needs the root's signature, and nothing else may have one. */
function checkHubSignature(member: string, signature: Uint8Array, reasons: string[]): void {
  if (member === LYON) checkRootSignature(signature, reasons);
  else if (signature.length > 0) reasons.push(`rootSignature: only where the keys of ${LYON} change`);
}

function checkRootSignature(signature: Uint8Array, reasons: string[]): void {
  if (signature.length !== SIGNATURE_BYTES) {
    reasons.push(`rootSignature: ${signature.length} bytes, must be ${SIGNATURE_BYTES}`);
  }
}

function nameFault(parse: () => void): string | undefined {
  try {
    parse();
    return undefined;
  } catch (error) {
    if (error instanceof BadName) return error.message;
    throw error;
  }
}
