// What is live and what is current, as a plain function of the logs: what all models of views begin with.

import { parseLogName, shortLogName } from '../../node/names.js';
import { decodeEntry } from '../../node/statements/entry.js';
import type { HashAlgorithm } from '../../node/statements/hashes.js';
import type { Entry, MediaRecord } from '../../proto/gen/icse/v1/entry_pb.js';
import type { World } from './world.js';

export interface Current {
  readonly member: string;
  readonly generation: number;
  readonly index: number;
  readonly place: string;
  readonly record: MediaRecord;
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

export function currentRecords(live: readonly Placed[]): Current[] {
  const records = live.flatMap(({ entry, ...place }): Current[] =>
    entry.statement.case === 'mediaRecord' ? [{ ...place, record: entry.statement.value }] : [],
  );
  const last = new Map(records.map((record) => [`${record.member} ${record.record.recordId}`, record]));
  return records.filter((record) => last.get(`${record.member} ${record.record.recordId}`) === record);
}

/** True when both have an exact hash that is stronger than the given exact one, and it differs. */
export function contradict(algorithm: HashAlgorithm, mine: Current, other: Current): boolean {
  const exact: HashAlgorithm[] = ['sha256', 'sha1', 'md5'];
  return exact.slice(0, Math.max(0, exact.indexOf(algorithm))).some((stronger) => {
    const [a, b] = [mine.record[stronger], other.record[stronger]];
    return a.length > 0 && b.length > 0 && Buffer.compare(a, b) !== 0;
  });
}
