// Deconfliction: two members have investigations open on what is one connected part, and each is told of the other, and
// the hub of both, before they collide. Where one of the two was opened in a sealed statement, whoever can read both is
// told, and nobody else: that may be one of the two, both, or a third member that both let in, and then it alone knows.
// Told once for each pair of cases, in whatever order openings and links came in.
//
//   id = SHA-256("icse deconfliction v1" LF, then for both, the lesser text first: member SP case LF)

import { createHash } from 'node:crypto';
import { LYON, type MemberCode } from '../names.js';
import { uuidText } from '../statements/uuid.js';
import { fromBinary } from '../views/binary.js';
import type { Opening } from '../views/events.js';
import type { Part } from '../views/part.js';
import { isMedia, type NamedThing, type ThingKey, thingKeyText } from '../views/thing-key.js';
import type { CaseTold } from './notice.js';
import type { Untold } from './told.js';

/**
 * Of one member so many cases in one part are told of, its first ones: a member that opens a thousand must not have
 * everybody told of a thousand times what they have open there themselves.
 */
export const CASES_OF_A_MEMBER = 16;

interface OpenCase extends CaseTold {
  readonly things: readonly NamedThing[];
}

/** The investigations that are open in a part, as far as they can be read here. */
export interface OpenInvestigations {
  /** For everybody to read. */
  readonly open: readonly Opening[];
  readonly sealed: readonly Opening[];
}

/** What `me` is to be told of the investigations that are open in a part. */
export function deconflictions(
  part: Part,
  { open, sealed }: OpenInvestigations,
  me: MemberCode,
  nowMs: number,
): Untold[] {
  // What everybody can read of a case says more than what is sealed: whoever is told of it may speak of it.
  const cases = casesOf([
    ...open.map((opening) => toldAs(opening)),
    ...sealed.map((opening) => toldAs(opening, { sealed: true })),
  ]);
  const untold: Untold[] = [];
  for (const [i, one] of cases.entries()) {
    const others = cases.slice(i + 1).filter((other) => {
      if (other.member === one.member) return false;
      if (one.sealed === true || other.sealed === true) return true;
      return me === LYON || one.member === me || other.member === me;
    });
    if (others.length === 0) continue;
    const paths = pathsFrom(part, keysOf(one));
    for (const other of others) untold.push(untoldOf(part, one, other, paths, nowMs));
  }
  return untold;
}

function toldAs({ member, caseId, entry, things }: Opening, mark: { sealed?: true } = {}): OpenCase {
  return { member, case: uuidText(fromBinary(caseId)), entry, ...mark, things };
}

/** Each case once, by its first opening, in the order of members and cases. */
function casesOf(openings: readonly OpenCase[]): OpenCase[] {
  const byMember = new Map<string, Map<string, OpenCase>>();
  for (const opening of openings) {
    const cases = byMember.get(opening.member) ?? new Map<string, OpenCase>();
    byMember.set(opening.member, cases);
    if (cases.has(opening.case) || cases.size === CASES_OF_A_MEMBER) continue;
    cases.set(opening.case, opening);
  }
  const all = [...byMember.values()].flatMap((cases) => [...cases.values()]);
  return all.sort((a, b) => (caseText(a) < caseText(b) ? -1 : 1));
}

function keysOf({ things }: OpenCase): ThingKey[] {
  return things.map(({ key }) => key);
}

function caseText(one: CaseTold): string {
  return `${one.member} ${one.case}`;
}

function untoldOf(
  part: Part,
  one: OpenCase,
  other: OpenCase,
  paths: ReadonlyMap<ThingKey, ThingKey | undefined>,
  nowMs: number,
): Untold {
  const met = meetingThing(keysOf(other), paths);
  // What only sealed statements name, they alone say the kind of.
  const kind = [...one.things, ...other.things].find(({ key }) => key === met)?.kind;
  const told = ({ things: _things, ...rest }: OpenCase): CaseTold => rest;
  return {
    id: createHash('sha256')
      .update(`icse deconfliction v1\n${caseText(one)}\n${caseText(other)}\n`)
      .digest(),
    body: {
      kind: 'deconfliction',
      cases: [told(one), told(other)],
      thing: met === undefined ? null : thingKeyText(met, part.kinds.get(met) ?? kind),
      at: new Date(nowMs).toISOString(),
    },
  };
}

/** From each thing that the ways lead to the thing before it, in the order of distance; undefined at the beginnings. */
function pathsFrom(part: Part, starts: readonly ThingKey[]): Map<ThingKey, ThingKey | undefined> {
  const beside = new Map<ThingKey, ThingKey[]>();
  for (const { from, to, counts } of part.edges) {
    if (!counts) continue;
    for (const [a, b] of [
      [from, to],
      [to, from],
    ] as const) {
      const known = beside.get(a);
      if (known === undefined) beside.set(a, [b]);
      else known.push(b);
    }
  }
  const before = new Map<ThingKey, ThingKey | undefined>(starts.map((start) => [start, undefined]));
  for (const thing of before.keys()) {
    for (const next of beside.get(thing) ?? []) if (!before.has(next)) before.set(next, thing);
  }
  return before;
}

/**
 * The thing in the middle of the shortest way to one of the things; one that both name where there is one. Of two in
 * the middle a subject, which says more than a hash, or the stronger hash.
 */
function meetingThing(
  ends: readonly ThingKey[],
  paths: ReadonlyMap<ThingKey, ThingKey | undefined>,
): ThingKey | undefined {
  const nearest = [...paths.keys()].find((thing) => ends.includes(thing));
  const way: ThingKey[] = [];
  for (let at = nearest; at !== undefined; at = paths.get(at)) way.push(at);
  const middle = way.slice(Math.floor((way.length - 1) / 2), Math.floor(way.length / 2) + 1);
  return middle.sort((a, b) => Number(isMedia(a)) - Number(isMedia(b)) || (a < b ? -1 : 1))[0];
}
