// The words for values of closed lists, made from the names in entry.proto, where alone the lists stand:
//
//   MEDIA_KIND_IMAGE             image
//   MIME_TYPE_VIDEO_X_MS_WMV     video/x-ms-wmv
//   MEDIA_FLAG_VICTIM_IDENTIFIED victim-identified

import type { DescEnum } from '@bufbuild/protobuf';
import {
  type AssessmentReason,
  AssessmentReasonSchema,
  type Confidence,
  ConfidenceSchema,
  type EventKind,
  EventKindSchema,
  type MediaFlag,
  MediaFlagSchema,
  type MediaKind,
  MediaKindSchema,
  type MimeType,
  MimeTypeSchema,
  type Relation,
  RelationSchema,
  type RetractionReason,
  RetractionReasonSchema,
  type Verdict,
  VerdictSchema,
} from '../../proto/gen/icse/v1/entry_pb.js';

/** The words of one closed list, without the value 0, which stands for absence. */
export interface Vocabulary<T extends number> {
  readonly valueOf: ReadonlyMap<string, T>;
  readonly wordOf: ReadonlyMap<T, string>;
}

function vocabulary<T extends number>(desc: DescEnum, word: (name: string) => string): Vocabulary<T> {
  const named = desc.values.filter((value) => value.number !== 0);
  const pairs = named.map((value) => [word(value.localName.toLowerCase()), value.number as T] as const);
  return { valueOf: new Map(pairs), wordOf: new Map(pairs.map(([text, value]) => [value, text])) };
}

const hyphens = (name: string) => name.replaceAll('_', '-');

/** image, video. */
export const MEDIA_KINDS = vocabulary<MediaKind>(MediaKindSchema, hyphens);

/** image/jpeg, video/x-msvideo and so on. */
export const MIME_TYPES = vocabulary<MimeType>(MimeTypeSchema, (name) => hyphens(name.replace('_', '/')));

/** victim-identified, distributed and so on. */
export const MEDIA_FLAGS = vocabulary<MediaFlag>(MediaFlagSchema, hyphens);

/** victim-identified, investigation-opened and so on. */
export const EVENT_KINDS = vocabulary<EventKind>(EventKindSchema, hyphens);

/** same-as, depicts and so on. */
export const RELATIONS = vocabulary<Relation>(RelationSchema, hyphens);

/** confirmed, probable, possible. */
export const CONFIDENCES = vocabulary<Confidence>(ConfidenceSchema, hyphens);

/** agree, dispute. */
export const VERDICTS = vocabulary<Verdict>(VerdictSchema, hyphens);

/** wrong-hash, not-illegal and so on. */
export const ASSESSMENT_REASONS = vocabulary<AssessmentReason>(AssessmentReasonSchema, hyphens);

/** entered-in-error, court-order and so on. */
export const RETRACTION_REASONS = vocabulary<RetractionReason>(RetractionReasonSchema, hyphens);
