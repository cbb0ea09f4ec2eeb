// Records and what members think of entries, as plain values ready to be printed as JSON.

import type { RecordAnswer, Tally } from './api.js';
import { laterLog } from './names.js';
import { hashText, type NamedHash } from './statements/hashes.js';
import { uuidText } from './statements/uuid.js';
import type { CountedAssessment } from './views/assessments.js';
import { fromBinary } from './views/binary.js';
import { namedHash } from './views/hash-key.js';
import type { RecordAnswer as FoundRecord } from './views/lookup.js';

/** Hashes as text by algorithm. */
export function hashTexts(hashes: readonly NamedHash[]): Record<string, string> {
  return Object.fromEntries(hashes.map(({ algorithm, hash }) => [algorithm, hashText(algorithm, hash)]));
}

/** A record as look-ups tell it, with what others think of it where anybody said. */
export function recordAnswer(
  { member, log, index, recordId, hashes, classification }: FoundRecord,
  assessments: readonly CountedAssessment[] | undefined,
): RecordAnswer {
  const [scheme = '', code = ''] = classification.split(':');
  return {
    member,
    index,
    ...laterLog(member, log),
    recordId: uuidText(fromBinary(recordId)),
    hashes: hashTexts(hashes.map(namedHash)),
    classification: classification === '' ? null : { scheme, code },
    ...tallied(assessments),
  };
}

/** The field `assessments` where there are any. */
export function tallied(assessments: readonly CountedAssessment[] = []): { readonly assessments?: Tally } {
  if (assessments.length === 0) return {};
  const who = (wanted: CountedAssessment['verdict']): string[] =>
    assessments.flatMap(({ by, verdict }) => (verdict === wanted ? [by] : []));
  return { assessments: { agree: who('agree'), dispute: who('dispute') } };
}
