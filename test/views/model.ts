// The views as a plain function of the live entries: what the driver must arrive at, however it got there.

import { ALGORITHMS, type HashAlgorithm, hashText } from '../../node/statements/hashes.js';
import { subjectText } from '../../node/statements/references.js';
import { EVENT_KINDS } from '../../node/statements/vocabulary.js';
import { type Connected, connectedFrom } from './connected-model.js';
import { type Current, contradict, currentRecords, liveEntries, type Placed } from './live-model.js';
import type { World } from './world.js';

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
  readonly connected: Connected;
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
        bearers.some((other) => other.member !== mine.member && !contradict(algorithm, mine, other)),
      )
      .map(({ member }) => member);
    if (members.length > 0) overlaps.set(text, [...new Set(members)].sort());
  }
  const members = [...new Set(current.map(({ member }) => member))].sort().map((member) => ({
    member,
    records: current.filter((record) => record.member === member).length,
    overlaps: [...overlaps.values()].filter((listed) => listed.includes(member)).length,
  }));
  const connected = connectedFrom(live, current);
  return {
    records,
    overlaps,
    tallies: talliesOf(live, connected),
    figures: { records: current.length, overlaps: overlaps.size, members },
    connected,
  };
}

function talliesOf(live: readonly Placed[], { sameAs }: Connected): Expected['tallies'] {
  const named = live.flatMap(({ member, entry: { statement } }) => {
    if (statement.case !== 'event' || statement.value.subject === undefined) return [];
    const kind = EVENT_KINDS.wordOf.get(statement.value.kind) as string;
    return [{ member, kind, subject: sameAs(subjectText(statement.value.subject)) }];
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
