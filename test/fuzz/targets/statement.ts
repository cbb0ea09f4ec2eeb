// Statements in our JSON form, a line of `POST /publish`: read, made an entry or sealed for its readers as publishing
// does, and told again as the feed does. Nothing is lost or won on the way.

import { create, toBinary } from '@bufbuild/protobuf';
import { parseMemberCode } from '../../../node/names.js';
import { sealStatement } from '../../../node/publishing/sealing.js';
import type { RegistryState } from '../../../node/registry/state.js';
import { buildEntry, type EntryParts, RulesBroken } from '../../../node/statements/build.js';
import { decodeEntry } from '../../../node/statements/entry.js';
import { isSealedEntry } from '../../../node/statements/sealed-content.js';
import {
  type OpenStatement,
  type ReadStatement,
  statementFromJson,
  statementToJson,
} from '../../../node/statements/statement-json.js';
import {
  ASSESSMENT_REASONS,
  EVENT_KINDS,
  RELATIONS,
  RETRACTION_REASONS,
} from '../../../node/statements/vocabulary.js';
import { openerOf } from '../../../node/views/opener.js';
import { EntrySchema } from '../../../proto/gen/icse/v1/entry_pb.js';
import { type Chance, chanceOf } from '../../chaos/chance.js';
import { admit, aRegistry, FEDERATION, log, secretsOf } from '../../registry/acts.js';
import { bytesOf, isSame, promise, refusedBy, type Target } from '../target.js';
import { aRetraction, aStatement } from './a-statement.js';

/** A line has at most 64 KiB. */
const MAX_BYTES = 65_536;
const NL = parseMemberCode('NL');
/** Behind every place in its own log that a statement here refers to. */
const INDEX = 1000;
const NOW = 1_800_000_000;
const READERS = ['AU', 'BE', 'LYON'];
const WORDS = [
  ...['event', 'link', 'assess', 'retract', 'readers', 'subject', 'media', 'series', 'case', 'answers'],
  ...['from', 'to', 'confidence', 'verdict', 'reason', 'keepUntil', 'recordId', 'sha256', 'pdq'],
  ...[EVENT_KINDS, RELATIONS, ASSESSMENT_REASONS, RETRACTION_REASONS].flatMap((words) => [
    ...words.valueOf.keys(),
  ]),
  ...['NL', ...READERS, 'NL:5', 'NL.2:5', 'victim:', 'series:', '1970-01-01', '9999-12-31'],
];

export const statementTarget: Target = {
  name: 'statement',
  async open() {
    const { state } = await aRegistry([admit('NL'), admit('AU'), admit('BE')]);
    const openers = [NL, ...READERS.map(parseMemberCode)].map((member) => ({
      member,
      open: openerOf(FEDERATION, member, secretsOf(member).sealing),
    }));
    return {
      form: 'json',
      maxBytes: MAX_BYTES,
      words: WORDS,
      sample: (chance) => bytesOf(JSON.stringify(aLine(chance))),
      take(input) {
        const value: unknown = refusedBy('JSON', () => JSON.parse(Buffer.from(input).toString('utf8')));
        const read = named(statementFromJson(value, NL));
        const entry = decodeEntry(buildEntry(partsOf(read, state)));
        promise(
          [...(entry.handling?.audience ?? [])].join() === read.readers.join(),
          'others may read it than were named',
        );
        promise((entry.handling?.keepUntilDay ?? 0) === read.keepUntilDay, 'it ends on another day');
        if (!isSealedEntry(entry)) return promiseSame(read, entry.statement as OpenStatement);
        for (const { member, open } of openers) {
          const opened = open(entry, log('NL'), INDEX);
          const mayRead = member === NL || read.readers.includes(member);
          promise((opened !== undefined) === mayRead, `${member} may read it, or not, against what was said`);
          if (opened !== undefined) promiseSame(read, opened);
        }
      },
    };
  },
};

function aLine(chance: Chance): object {
  if (chance.happens(0.1)) return aRetraction(chance, NL);
  const readers = READERS.filter(() => chance.happens(0.5));
  return { ...aStatement(chance), ...(readers.length > 0 && chance.happens(0.5) ? { readers } : {}) };
}

/** As the publisher does it: a record without an id gets one. */
function named(read: ReadStatement): ReadStatement {
  const { statement } = read;
  if (statement.case !== 'mediaRecord' || statement.value.recordId.length > 0) return read;
  const value = { ...statement.value, recordId: new Uint8Array(16).fill(1) };
  return { ...read, statement: { ...statement, value } };
}

/** As node/publishing/saying.ts makes them. The random bytes are always the same, and so is the entry. */
function partsOf({ statement, keepUntilDay, readers }: ReadStatement, registry: RegistryState): EntryParts {
  const author = { member: NL, generation: 1, index: INDEX };
  const made = { author, keepUntilDay, now: NOW, random: chanceOf('an entry').bytes };
  if (readers.length === 0) return { statement, ...made };
  if (statement.case === 'retraction') throw new RulesBroken(['readers: a retraction is for everybody']);
  return sealStatement({ statement, readers, registry, ...made });
}

/** The entry says what was read, and what is told of it reads as the same. */
function promiseSame({ statement, keepUntilDay }: ReadStatement, said: OpenStatement): void {
  promise(isSame(encoded(said), encoded(statement)), 'the entry says something else');
  const handling = create(EntrySchema, { handling: { keepUntilDay } }).handling;
  const told = JSON.stringify(statementToJson({ statement: said, ...(handling && { handling }) }));
  const again = statementFromJson(JSON.parse(told), NL);
  promise(isSame(encoded(again.statement), encoded(said)), 'it is another one after a turn through JSON');
  promise(again.keepUntilDay === keepUntilDay, 'the last day is another one after a turn through JSON');
}

function encoded(statement: OpenStatement): Uint8Array {
  return toBinary(EntrySchema, create(EntrySchema, { statement }));
}
