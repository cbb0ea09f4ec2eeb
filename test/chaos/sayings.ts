// What members publish in a history: records that overlap, statements about them, retractions, sealed leads. Some may
// be kept for a few days only.

import { create } from '@bufbuild/protobuf';
import { parseLogName, shortLogName } from '../../node/names.js';
import { sealStatement } from '../../node/publishing/sealing.js';
import { buildEntry } from '../../node/statements/build.js';
import { dayText } from '../../node/statements/day.js';
import type { SealableStatement } from '../../node/statements/sealed-content.js';
import { statementFromJson } from '../../node/statements/statement-json.js';
import { uuidText } from '../../node/statements/uuid.js';
import { MediaRecordSchema } from '../../proto/gen/icse/v1/entry_pb.js';
import { alive, type Scene } from './scene.js';

export function aRecordFor({ federation, chance }: Pick<Scene, 'federation' | 'chance'>): Uint8Array {
  // A small pool of hashes, so that members overlap; some records update earlier ones, some expire.
  const hash = new Uint8Array(32).fill(chance.int(1, 40));
  const recordId = chance.happens(0.2) ? new Uint8Array(16).fill(chance.int(1, 8)) : chance.bytes(16);
  const value = create(MediaRecordSchema, { recordId, sha256: hash });
  if (chance.happens(0.3)) value.md5 = new Uint8Array(16).fill(chance.int(1, 20));
  const today = Math.floor(federation.time.now() / 86_400_000);
  const keepUntilDay = chance.happens(0.1) ? today + chance.int(0, 2) : 0;
  return federation.entry({ case: 'mediaRecord', value }, keepUntilDay);
}

export function publishAt(scene: Scene, count: number): boolean {
  const { federation } = scene;
  const nodes = federation.copiesPublish ? federation.running() : alive(scene);
  if (nodes.length === 0) return false;
  const node = scene.chance.pick(nodes);
  federation.publish(
    node,
    Array.from({ length: count }, () => aRecordFor(scene)),
  );
  return true;
}

/** An event, an assessment of somebody else's entry, or a retraction of one of the member's own. */
export function sayAt(scene: Scene): boolean {
  const { federation, chance } = scene;
  const nodes = federation.copiesPublish ? federation.running() : alive(scene);
  if (nodes.length === 0) return false;
  const node = chance.pick(nodes);
  const own = node.registry.state.members.get(node.member)?.log;
  if (own === undefined) return false;
  const { generation } = parseLogName(own);
  const size = node.logs.get(own)?.size ?? 0;
  const others = [...federation.homes.keys()].filter((member) => member !== node.member);
  const choices: object[] = [aVictim(scene, 'victim-identified'), aVictim(scene, 'victim-safeguarded')];
  if (others.length > 0) {
    choices.push({ assess: `${chance.pick(others)}:${chance.int(0, 30)}`, verdict: 'dispute' });
  }
  choices.push({ retract: uuidText(new Uint8Array(16).fill(chance.int(1, 8))), reason: 'duplicate' });
  if (size > 0) {
    choices.push({ retract: `${shortLogName(own)}:${chance.int(0, size - 1)}`, reason: 'wrong-hash' });
  }
  const { statement, keepUntilDay } = statementFromJson(chance.pick(choices), node.member);
  federation.publish(node, [federation.entry(statement, keepUntilDay, { member: node.member, generation })]);
  return true;
}

function aVictim({ federation, chance }: Scene, event: string): object {
  const subject = uuidText(new Uint8Array(16).fill(chance.int(1, 12)));
  const today = Math.floor(federation.time.now() / 86_400_000);
  const end = chance.happens(0.2) ? { keepUntil: dayText(today + chance.int(0, 2)) } : {};
  return { event, subject: `NL/${subject}`, ...end };
}

/** A lead for some of the others. */
export function sealAt(scene: Scene): boolean {
  const { federation, chance } = scene;
  const nodes = federation.copiesPublish ? federation.running() : alive(scene);
  if (nodes.length === 0) return false;
  const node = chance.pick(nodes);
  const registry = node.registry.state;
  const own = registry.members.get(node.member)?.log;
  const others = [...registry.members.values()].filter(
    ({ code, suspended }) => code !== node.member && !suspended,
  );
  if (own === undefined || others.length === 0) return false;
  const first = chance.pick(others).code;
  const readers = [
    first,
    ...others.map(({ code }) => code).filter((code) => code !== first && chance.happens(0.2)),
  ];
  const author = { member: node.member, generation: parseLogName(own).generation };
  const { statement } = statementFromJson(aVictim(scene, 'victim-identified'), node.member);
  const sealed = sealStatement({
    statement: statement as SealableStatement,
    readers,
    author,
    keepUntilDay: chance.happens(0.2) ? Math.floor(federation.time.now() / 86_400_000) + chance.int(0, 2) : 0,
    now: Math.floor(federation.time.now() / 1000),
    registry,
    random: (sizeBytes) => chance.bytes(sizeBytes),
  });
  federation.publish(node, [buildEntry(sealed)]);
  return true;
}
