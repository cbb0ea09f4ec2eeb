// What belongs together, and what members think of entries, as a plain function of the live entries: what the views
// of links and assessments must arrive at, however they got there.

import { ALGORITHMS, hashText } from '../../node/statements/hashes.js';
import { thingText } from '../../node/statements/link.js';
import { mediaText, referenceText, subjectText } from '../../node/statements/references.js';
import { EventKind, Relation, Verdict } from '../../proto/gen/icse/v1/entry_pb.js';
import { type Current, contradict, type Placed } from './live-model.js';

export interface Connected {
  /** The things that belong together with one, itself too, sorted: hashes, and subjects without their kinds. */
  part(thing: string): string[];
  /** The subject that stands for all that are the same as one: the least of them. */
  sameAs(subject: string): string;
  /** By entry the members that agree and dispute, as their last live assessments say. */
  readonly tallies: ReadonlyMap<string, { agree: string[]; dispute: string[] }>;
}

export function connectedFrom(live: readonly Placed[], current: readonly Current[]): Connected {
  const verdicts = lastVerdicts(live);
  const joins = [...saidJoins(live, verdicts), ...fileJoins(current)];
  const same = [...saidJoins(live, verdicts, Relation.SAME_AS)];
  const tallies = new Map(
    [...verdicts].map(([entry, by]) => {
      const who = (verdict: Verdict): string[] =>
        [...by].flatMap(([member, said]) => (said === verdict ? [member] : [])).sort();
      return [entry, { agree: who(Verdict.AGREE), dispute: who(Verdict.DISPUTE) }];
    }),
  );
  return {
    part: (thing) => partOf(thing, joins),
    sameAs: (subject) => partOf(subject, same)[0] as string,
    tallies,
  };
}

/** The entries that opened investigations which are open; the live entries are in the order of the logs. */
export function openInvestigations(live: readonly Placed[]): { place: string; about: string }[] {
  const cases = live.flatMap(({ member, place, entry: { statement } }) =>
    statement.case === 'event' && statement.value.caseId.length > 0
      ? [{ ...statement.value, place, key: `${member} ${statement.value.caseId}` }]
      : [],
  );
  return cases.flatMap(({ kind, key, place, subject }, i) => {
    const isClosed = cases
      .slice(i)
      .some((later) => later.key === key && later.kind === EventKind.INVESTIGATION_CLOSED);
    if (kind !== EventKind.INVESTIGATION_OPENED || isClosed || subject === undefined) return [];
    return [{ place, about: subjectText(subject) }];
  });
}

type Joined = readonly [string, string];

function partOf(thing: string, joins: readonly Joined[]): string[] {
  const part = new Set([thing]);
  for (let before = 0; before !== part.size; ) {
    before = part.size;
    for (const [a, b] of joins) if (part.has(a) || part.has(b)) part.add(a).add(b);
  }
  return [...part].sort();
}

/** By entry and member; the live entries are in the order of the logs. */
function lastVerdicts(live: readonly Placed[]): Map<string, Map<string, Verdict>> {
  const verdicts = new Map<string, Map<string, Verdict>>();
  for (const { member, entry } of live) {
    if (entry.statement.case !== 'assessment' || entry.statement.value.entry === undefined) continue;
    const place = referenceText(entry.statement.value.entry);
    const by = verdicts.get(place) ?? new Map<string, Verdict>();
    verdicts.set(place, by.set(member, entry.statement.value.verdict));
  }
  return verdicts;
}

function* saidJoins(
  live: readonly Placed[],
  verdicts: ReadonlyMap<string, ReadonlyMap<string, Verdict>>,
  only?: Relation,
): Generator<Joined> {
  for (const { member, place, entry } of live) {
    const { statement } = entry;
    if (statement.case === 'event' && only === undefined) {
      const { subject, series, media } = statement.value;
      const named = [
        ...[subject, series].flatMap((one) => (one === undefined ? [] : [subjectText(one)])),
        ...media.map(mediaText),
      ];
      for (const other of named.slice(1)) yield [named[0] as string, other];
    }
    if (statement.case !== 'link') continue;
    const { from, to, relation } = statement.value;
    if (from === undefined || to === undefined || relation !== (only ?? relation)) continue;
    const ends = [from, to].map((end) => thingText(end).replace(/^(?:victim|suspect|place|series):/, ''));
    const owners = ends.map((end) => end.split('/')[0] as string);
    const isVouchedFor =
      owners.includes(member) || owners.some((owner) => verdicts.get(place)?.get(owner) === Verdict.AGREE);
    if (relation === Relation.SAME_AS && !isVouchedFor) continue;
    yield [ends[0] as string, ends[1] as string];
  }
}

function* fileJoins(current: readonly Current[]): Generator<Joined> {
  const joining = current.map((mine) => ({
    hashes: ALGORITHMS.filter((algorithm) => {
      const hash = mine.record[algorithm];
      if (hash.length === 0) return false;
      const bearers = current.filter((other) => Buffer.compare(other.record[algorithm], hash) === 0);
      return !bearers.some((a) => bearers.some((b) => contradict(algorithm, a, b)));
    }).map((algorithm) => hashText(algorithm, mine.record[algorithm])),
  }));
  for (const { hashes } of joining) {
    for (const other of hashes.slice(1)) yield [hashes[0] as string, other];
  }
}
