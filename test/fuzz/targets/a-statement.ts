// What a member can say in our JSON form (node/statements/statement-json.ts), of every kind.

import { recordToJson } from '../../../node/statements/record-json.js';
import { uuidText } from '../../../node/statements/uuid.js';
import type { Chance } from '../../chaos/chance.js';
import { aRecord } from './entry.js';

/** By any member but AU: about its own subjects and those of others, all of which keeps the rules. */
export function aStatement(chance: Chance): object {
  return { ...chance.pick(KINDS)(chance), ...(chance.happens(0.2) ? { keepUntil: '2030-12-31' } : {}) };
}

/** One by `me` that takes something back: it has no end, and everybody may read it. */
export function aRetraction(chance: Chance, me: string): object {
  const reason = chance.pick(['entered-in-error', 'wrong-hash', 'court-order']);
  return { retract: chance.pick([`${me}:${chance.int(0, 9)}`, uuid(chance)]), reason };
}

const KINDS: readonly ((chance: Chance) => object)[] = [
  (chance) => recordToJson(aRecord(chance), 0),
  (chance) => ({
    event: chance.pick(['victim-identified', 'suspect-arrested', 'place-identified', 'assistance-asked']),
    subject: subject(chance),
    ...(chance.happens(0.5) ? { media: hashes(chance) } : {}),
    ...(chance.happens(0.3) ? { series: subject(chance) } : {}),
    ...(chance.happens(0.3) ? { case: uuid(chance) } : {}),
    ...(chance.happens(0.3) ? { answers: place(chance) } : {}),
  }),
  (chance) => ({ event: 'investigation-opened', case: uuid(chance), media: hashes(chance) }),
  (chance) => ({ event: 'assistance-given', answers: place(chance) }),
  (chance) => ({
    link: 'depicts',
    from: hash(chance),
    to: `${chance.pick(['victim:', 'suspect:', 'place:', ''])}${subject(chance)}`,
    confidence: confidence(chance),
  }),
  (chance) => ({
    link: 'same-as',
    from: `series:${subject(chance)}`,
    to: `series:${subject(chance)}`,
    confidence: confidence(chance),
  }),
  (chance) => ({
    link: chance.pick(['taken-at', 'part-of']),
    from: chance.pick([hash(chance), `series:${subject(chance)}`]),
    to: subject(chance),
    confidence: confidence(chance),
  }),
  (chance) => ({ assess: place(chance), verdict: 'dispute', reason: 'wrong-hash' }),
  (chance) => ({ assess: place(chance), verdict: 'agree' }),
];

/** In AU's logs: members assess what others say. */
function place(chance: Chance): string {
  return `${chance.pick(['AU', 'AU.2'])}:${chance.int(0, 9)}`;
}

function subject(chance: Chance): string {
  return `${chance.pick(['', 'NL/', 'AU/', 'EUROPOL/'])}${uuid(chance)}`;
}

function uuid(chance: Chance): string {
  return uuidText(chance.bytes(16));
}

function confidence(chance: Chance): string {
  return chance.pick(['confirmed', 'probable', 'possible']);
}

function hashes(chance: Chance): string[] {
  return Array.from({ length: chance.int(1, 3) }, () => hash(chance));
}

/** As people write it in look-ups. */
export function hash(chance: Chance): string {
  const hex = (sizeBytes: number) => Buffer.from(chance.bytes(sizeBytes)).toString('hex');
  return chance.pick([hex(32), hex(20), hex(16), `pdq:${hex(32)}`]);
}
