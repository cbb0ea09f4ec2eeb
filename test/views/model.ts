// The views as a plain function of the live entries: what the driver must arrive at, however it got there.

import { parseLogName, shortLogName } from '../../node/names.js';
import { decodeEntry } from '../../node/statements/entry.js';
import { ALGORITHMS, type HashAlgorithm, hashText } from '../../node/statements/hashes.js';
import type { MediaRecord } from '../../proto/gen/icse/v1/entry_pb.js';
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
  readonly figures: {
    records: number;
    overlaps: number;
    members: { member: string; records: number; overlaps: number }[];
  };
}

export async function expectedFrom(world: World): Promise<Expected> {
  const current = await currentRecords(world);
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
  return { records, overlaps, figures: { records: current.length, overlaps: overlaps.size, members } };
}

async function currentRecords(world: World): Promise<Current[]> {
  const live: Current[] = [];
  for (const { log, member, countedTo } of world.logs()) {
    for (const [index, bytes] of (await world.read(log, 0, countedTo)).entries()) {
      const entry = bytes === undefined ? undefined : decodeEntry(bytes);
      if (entry?.statement.case !== 'mediaRecord') continue;
      const end = entry.handling?.keepUntilDay ?? 0;
      if (end !== 0 && world.today > end) continue;
      const place = `${shortLogName(log)}:${index}`;
      live.push({
        member,
        generation: parseLogName(log).generation,
        index,
        place,
        record: entry.statement.value,
      });
    }
  }
  live.sort(
    (a, b) =>
      (a.member < b.member ? -1 : Number(a.member > b.member)) ||
      a.generation - b.generation ||
      a.index - b.index,
  );
  const last = new Map(live.map((record) => [`${record.member} ${record.record.recordId}`, record]));
  return live.filter((record) => last.get(`${record.member} ${record.record.recordId}`) === record);
}

/** True unless both have an exact hash that is stronger than the given exact one, and it differs. */
function agree(algorithm: HashAlgorithm, mine: Current, other: Current): boolean {
  const exact: HashAlgorithm[] = ['sha256', 'sha1', 'md5'];
  return exact.slice(0, Math.max(0, exact.indexOf(algorithm))).every((stronger) => {
    const [a, b] = [mine.record[stronger], other.record[stronger]];
    return a.length === 0 || b.length === 0 || Buffer.compare(a, b) === 0;
  });
}
