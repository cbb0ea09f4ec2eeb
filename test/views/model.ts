// The views as a plain function of the live entries: what the driver must arrive at, however it got there.

import { ALGORITHMS, type HashAlgorithm, hashText } from '../../node/statements/hashes.js';
import { type Connected, connectedFrom } from './connected-model.js';
import { type Current, contradict, currentRecords, liveEntries } from './live-model.js';
import type { World } from './world.js';

export interface Expected {
  /** Places by the text of the hash, in the order of answers. */
  readonly records: ReadonlyMap<string, string[]>;
  /** Member codes by the text of the hash; only where there is an overlap. */
  readonly overlaps: ReadonlyMap<string, string[]>;
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
  return {
    records,
    overlaps,
    figures: { records: current.length, overlaps: overlaps.size, members },
    connected: connectedFrom(live, current),
  };
}
