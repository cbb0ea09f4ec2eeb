// A place in a log in ten bytes, as the views' database keeps it: local numbers instead of names.
//
//   00 03  00 01  00 00 00 00 00 05      entry 5 of the first log of the member with local number 3
//
// Two positions of one member compare as its entries are ordered: by generation of the log, then by index.

import { type Binary, cut, readU48, u16, u48 } from './binary.js';

export type Position = Binary;

/** The first four bytes: member and generation. */
export type LogNumber = Binary;

/** The first two bytes. */
export type MemberNumber = Binary;

export const POSITION_BYTES = 10;

export const MEMBER_NUMBER_BYTES = 2;

/** Two bytes hold it; a member's log is replaced a handful of times in its life. */
export const MAX_GENERATION = 0xffff;

/** Two bytes hold it; a federation has 200 members in time. */
export const MAX_MEMBERS = 0x1_0000;

export function logNumber(member: MemberNumber, generation: number): LogNumber {
  return member + u16(generation);
}

export function positionOf(log: LogNumber, index: number): Position {
  return log + u48(index);
}

export function logNumberOf(position: Position): LogNumber {
  return position.slice(0, 4);
}

export function memberNumberOf(position: Position): MemberNumber {
  return position.slice(0, 2);
}

export function indexOf(position: Position): number {
  return readU48(position, 4);
}

/** Cuts a list of joined positions. */
export function splitPositions(list: Binary): Position[] {
  return cut(list, POSITION_BYTES);
}

/** Cuts sorted positions where they do not follow one another in one log. */
export function inRuns(positions: readonly Position[]): Position[][] {
  const runs: Position[][] = [];
  for (const position of positions) {
    const run = runs.at(-1);
    if (
      run !== undefined &&
      positionOf(logNumberOf(run[0] as Position), indexOf(run[0] as Position) + run.length) === position
    ) {
      run.push(position);
    } else {
      runs.push([position]);
    }
  }
  return runs;
}
