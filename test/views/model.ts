// The views as a plain function of the live entries: what the driver must arrive at, however it got there.

import { parseLogName, shortLogName } from '../../node/names.js';
import { decodeEntry } from '../../node/statements/entry.js';
import { ALGORITHMS, type HashAlgorithm, hashText } from '../../node/statements/hashes.js';
import { subjectText } from '../../node/statements/references.js';
import { EVENT_KINDS } from '../../node/statements/vocabulary.js';
import type { Entry, MediaRecord } from '../../proto/gen/icse/v1/entry_pb.js';
import type { World } from './world.js';

interface Current {
  readonly member: string;
  readonly generation: number;
  readonly index: number;
  readonly place: string;
  readonly record: MediaRecord;
}

export interface Expected {
  /** Places by the text of the hash, in the order of answers. */
  readonly records: ReadonlyMap<string, string[]>;
  /** Member codes by the text of the hash; only where there is an overlap. */
  readonly overlaps: ReadonlyMap<string, string[]>;
  /** Distinct subjects by the word of the kind of event, in all and by member. */
  readonly tallies: {
    all: Record<string, number>;
    members: Record<string, Record<string, number>>;
  };
  readonly figures: {
    records: number;
    overlaps: number;
    members: { member: string; records: number; overlaps: number }[];
  };
}

export async function expectedFrom(world: World): Promise<Expected> {
  const live = await liveEntries(world);
  const current = currentRecords(live);
  const byHash = new Map<string, { algorithm: HashAlgorithm; bearers: Current[] }>();
  for (const bearer of current) {
    for (const algorithm of ALGORITHMS) {
      if (bearer.record[algorithm].length === 0) continue;
      const text = `${algorithm} ${hashText(algorithm, bearer.record[algorithm])}`;
      const entry = byHash.get(text) ?? { algorithm, bearers: [] };
      entry.bearers.push(bearer);
      byHash.set(text, entry);
    }
  }
  const records = new Map(
    [...byHash].map(([text, { bearers }]) => [text, bearers.map(({ place }) => place)]),
  );
  const overlaps = new Map<string, string[]>();
  for (const [text, { algorithm, bearers }] of byHash) {
    const members = bearers
      .filter((mine) =>
        bearers.some((other) => other.member !== mine.member && agree(algorithm, mine, other)),
      )
      .map(({ member }) => member);
    if (members.length > 0) overlaps.set(text, [...new Set(members)].sort());
  }
  const members = [...new Set(current.map(({ member }) => member))].sort().map((member) => ({
    member,
    records: current.filter((record) => record.member === member).length,
    overlaps: [...overlaps.values()].filter((listed) => listed.includes(member)).length,
  }));
  return {
    records,
    overlaps,
    tallies: talliesOf(live),
    figures: { records: current.length, overlaps: overlaps.size, members },
  };
}

export interface Placed {
  readonly member: string;
  readonly generation: number;
  readonly index: number;
  readonly place: string;
  readonly entry: Entry;
}

/** Every live entry: it counts, it has not ended, and nothing that its author said later takes it back. */
export async function liveEntries(world: World): Promise<Placed[]> {
  const placed: Placed[] = [];
  for (const { log, member, countedTo } of world.logs()) {
    for (const [index, bytes] of (await world.read(log, 0, countedTo)).entries()) {
      if (bytes === undefined) continue;
      const { generation } = parseLogName(log);
      placed.push({
        member,
        generation,
        index,
        place: `${shortLogName(log)}:${index}`,
        entry: decodeEntry(bytes),
      });
    }
  }
  placed.sort(inOrder);
  return placed.filter((one) => {
    const end = one.entry.handling?.keepUntilDay ?? 0;
    if (end !== 0 && world.today > end) return false;
    return !placed.some(
      (other) => other.member === one.member && inOrder(one, other) < 0 && takesBack(other, one),
    );
  });
}

function inOrder(a: Placed, b: Placed): number {
  return (
    (a.member < b.member ? -1 : Number(a.member > b.member)) ||
    a.generation - b.generation ||
    a.index - b.index
  );
}

function takesBack({ entry: { statement } }: Placed, { entry, generation, index }: Placed): boolean {
  if (statement.case !== 'retraction' || entry.statement.case === 'retraction') return false;
  const { target } = statement.value;
  if (target.case === 'entry') {
    return target.value.generation === generation && Number(target.value.index) === index;
  }
  return (
    entry.statement.case === 'mediaRecord' &&
    Buffer.compare(entry.statement.value.recordId, target.value ?? new Uint8Array()) === 0
  );
}

function currentRecords(entries: readonly Placed[]): Current[] {
  const live = entries.flatMap(({ entry, ...place }): Current[] =>
    entry.statement.case === 'mediaRecord' ? [{ ...place, record: entry.statement.value }] : [],
  );
  const last = new Map(live.map((record) => [`${record.member} ${record.record.recordId}`, record]));
  return live.filter((record) => last.get(`${record.member} ${record.record.recordId}`) === record);
}

function talliesOf(live: readonly Placed[]): Expected['tallies'] {
  const named = live.flatMap(({ member, entry: { statement } }) => {
    if (statement.case !== 'event' || statement.value.subject === undefined) return [];
    const kind = EVENT_KINDS.wordOf.get(statement.value.kind) as string;
    return [{ member, kind, subject: subjectText(statement.value.subject) }];
  });
  const count = (some: typeof named): Record<string, number> => {
    const subjects = new Map<string, Set<string>>();
    for (const { kind, subject } of some) subjects.set(kind, (subjects.get(kind) ?? new Set()).add(subject));
    return Object.fromEntries([...subjects].map(([kind, about]) => [kind, about.size]));
  };
  const codes = [...new Set(named.map(({ member }) => member))];
  return {
    all: count(named),
    members: Object.fromEntries(
      codes.map((code) => [code, count(named.filter(({ member }) => member === code))]),
    ),
  };
}

/** True unless both have an exact hash that is stronger than the given exact one, and it differs. */
function agree(algorithm: HashAlgorithm, mine: Current, other: Current): boolean {
  const exact: HashAlgorithm[] = ['sha256', 'sha1', 'md5'];
  return exact.slice(0, Math.max(0, exact.indexOf(algorithm))).every((stronger) => {
    const [a, b] = [mine.record[stronger], other.record[stronger]];
    return a.length === 0 || b.length === 0 || Buffer.compare(a, b) === 0;
  });
}
