// A place in a member's log that somebody refers to, as one binary string that is the same on every node and needs
// nothing of that log to be here:
//
//   <length, 1> <member code> <generation, 2> <index, 6>

import type { EntryReference } from '../../proto/gen/icse/v1/entry_pb.js';
import type { MemberCode } from '../names.js';
import { type Binary, readU16, readU48, u16, u48 } from './binary.js';
import type { LogTable } from './log-table.js';
import { logNumber, MAX_GENERATION, type Position, positionOf } from './position.js';

export type EntryKey = Binary;

const MAX_INDEX = 0xffff_ffff_ffff;

/** Undefined for a place at which, by its numbers, nothing can ever be followed. */
export function entryKey({ member, generation, index }: EntryReference): EntryKey | undefined {
  if (generation > MAX_GENERATION || index > MAX_INDEX) return undefined;
  return String.fromCharCode(member.length) + member + u16(generation) + u48(Number(index));
}

export function entryKeyAt(logs: LogTable, position: Position): EntryKey {
  const { member } = logs.logAt(position);
  // A position goes on with generation and index in the same form.
  return String.fromCharCode(member.length) + member + position.slice(2);
}

/** Where the entry stands; undefined while its member has no log here. */
export function positionAt(logs: LogTable, key: EntryKey): Position | undefined {
  const end = 1 + key.charCodeAt(0);
  const member = logs.numberOf(key.slice(1, end) as MemberCode);
  if (member === undefined) return undefined;
  return positionOf(logNumber(member, readU16(key, end)), readU48(key, end + 2));
}
