// What the views of a node must say of a world: what plain functions of its live entries say (model.ts).

import { expect } from 'vitest';
import { logName, type MemberCode, shortLogName } from '../../node/names.js';
import { hashText } from '../../node/statements/hashes.js';
import { parseReference } from '../../node/statements/references.js';
import { isSealedEntry } from '../../node/statements/sealed-content.js';
import { statementToJson } from '../../node/statements/statement-json.js';
import { entryKey } from '../../node/views/entry-key.js';
import type { Part } from '../../node/views/part.js';
import { parseThingKey, thingKeyText } from '../../node/views/thing-key.js';
import type { Entry } from '../../proto/gen/icse/v1/entry_pb.js';
import { openInvestigations } from './connected-model.js';
import { ALL_HASHES, HASH_TEXTS, OPEN, SUBJECTS } from './happenings.js';
import { liveEntries, type Placed } from './live-model.js';
import { expectedFrom } from './model.js';
import { FEDERATION } from './records.js';
import type { Node, World } from './world.js';

export async function expectTheModel(world: World, node: Node): Promise<void> {
  await node.views.settled();
  const expected = await expectedFrom(world);
  const records = await node.views.lookup(ALL_HASHES);
  const overlaps = await node.views.overlaps(ALL_HASHES);
  for (const [i, { algorithm, hash }] of ALL_HASHES.entries()) {
    const text = `${algorithm} ${hashText(algorithm, hash)}`;
    const places = records[i]?.map(({ log, index }) => `${shortLogName(log)}:${index}`);
    expect(places).toEqual(expected.records.get(text) ?? []);
    expect(overlaps[i]).toEqual(expected.overlaps.get(text) ?? []);
  }
  expect(await node.views.figures()).toEqual(expected.figures);
  const live = await liveEntries(world);
  for (const member of ['NL', 'AU', 'US'] as MemberCode[]) {
    const retractions = await node.views.retractionsOf(member);
    expect(retractions.map(({ log, index }) => `${shortLogName(log)}:${index}`)).toEqual(
      live
        .filter((one) => one.member === member && one.entry.statement.case === 'retraction')
        .map(({ place }) => place),
    );
  }
  const leads = await readableLeads(world);
  const isSealed = ({ place }: { place: string }): boolean => leads.has(place);
  const readable = (await liveEntries(world)).map((one) => leads.get(one.place) ?? one);
  const investigations = openInvestigations(readable);
  const { all, members } = await node.views.tallies();
  expect({ all, members: Object.fromEntries(members) }).toEqual(expected.tallies);
  for (const thing of [...HASH_TEXTS, ...SUBJECTS]) {
    const part = await node.views.connections.part(parseThingKey(thing, 'NL' as MemberCode));
    const things = thingsOf(part);
    expect(things).toEqual(expected.connected.part(thing));
    const { open, sealed } = await node.views.connections.openings(part);
    const about = investigations.filter((one) => things.includes(one.about));
    const [hidden, plain] = [about.filter(isSealed), about.filter((one) => !isSealed(one))];
    expect(open.map(({ entry }) => entry)).toEqual(plain.map(({ place }) => place));
    expect(sealed.map(({ entry }) => entry).sort()).toEqual(hidden.map(({ place }) => place).sort());
  }
  expect(await talliesOf(node, expected.connected.tallies.keys())).toEqual(expected.connected.tallies);
}

/** Hashes, and subjects without their kinds, sorted. */
function thingsOf({ things }: Part): string[] {
  return [...things.keys()].map((key) => thingKeyText(key, undefined).replace('subject:', '')).sort();
}

async function talliesOf(node: Node, entries: Iterable<string>): Promise<Map<string, object>> {
  const keys = [...entries].map((entry) => [entry, entryKey(parseReference(entry)) as string] as const);
  const found = await node.views.connections.assessments(keys.map(([, key]) => key));
  return new Map(
    keys.map(([entry, key]) => {
      const who = (verdict: string): string[] =>
        (found.get(key) ?? []).flatMap((said) => (said.verdict === verdict ? [said.by] : []));
      return [entry, { agree: who('agree'), dispute: who('dispute') }];
    }),
  );
}

/** What is live, is sealed, and Australia can open, by place and as if it had been said openly. */
async function readableLeads(world: World): Promise<Map<string, Placed>> {
  const leads = (await liveEntries(world)).flatMap((one): Placed[] => {
    const { member, generation, index, entry } = one;
    const log = logName(FEDERATION, member as MemberCode, generation);
    const statement = isSealedEntry(entry) ? OPEN(entry, log, index) : undefined;
    return statement === undefined ? [] : [{ ...one, entry: { ...entry, statement } }];
  });
  return new Map(leads.map((one) => [one.place, one]));
}

/** Of what is live, what Australia can open is there, and found by its hashes. */
export async function expectTheLeads(world: World, node: Node): Promise<void> {
  await node.views.settled();
  const expected = [...(await readableLeads(world)).values()];
  const shown = (place: string, statement: Entry['statement']): string =>
    `${place} ${JSON.stringify(statementToJson({ statement }))}`;
  const leads = (await node.leads()).map(({ place, statement }) => shown(place, statement));
  expect(leads.sort()).toEqual(
    expected.map(({ place, entry: { statement } }) => shown(place, statement)).sort(),
  );
  const found = await node.views.sealedRecordsWith(ALL_HASHES);
  for (const [i, { algorithm, hash }] of ALL_HASHES.entries()) {
    const bearing = expected.filter(
      ({ entry: { statement } }) =>
        statement.case === 'mediaRecord' && Buffer.compare(statement.value[algorithm], hash) === 0,
    );
    expect(found[i]?.map(({ log, index }) => `${shortLogName(log)}:${index}`).sort()).toEqual(
      bearing.map(({ place }) => place).sort(),
    );
  }
}
