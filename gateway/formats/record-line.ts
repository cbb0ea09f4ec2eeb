// What a line of an import file gives: a record, or the reason why not. A format turns lines into these;
// what it read is held to the rules of a record here, in one place for all formats.

import { create } from '@bufbuild/protobuf';
import { checkClassification } from '../../node/statements/media-record.js';
import { BadRecord, recordFromJson } from '../../node/statements/record-json.js';
import { isStatementJson } from '../../node/statements/statement-json.js';
import { ClassificationSchema, type MediaKind, type MediaRecord } from '../../proto/gen/icse/v1/entry_pb.js';
import type { Line } from './lines.js';

/** Reasons shown for one line; the rest are counted. */
const MAX_REASONS = 8;

const NO_RECORD =
  'not an open record: files of an import have records alone, all else goes through icse publish -';

export type RecordLine =
  | {
      readonly line: number;
      readonly record: MediaRecord;
      readonly keepUntilDay: number;
      /** The record in our JSON form as the file has it, where that says all of it. */
      readonly json?: string;
    }
  | { readonly line: number; readonly reason: string };

/** One format's reader: lines in, records out, in the order of the file. */
export interface FormatReader {
  read(lines: readonly Line[]): RecordLine[];
  /** What was waiting for more lines when the file ended. */
  end(): RecordLine[];
}

/** What records get where the file says nothing. */
export interface RecordDefaults {
  readonly kind?: MediaKind | undefined;
  readonly classification?: { readonly scheme: string; readonly code: string } | undefined;
  /** 0 = no end. */
  readonly keepUntilDay?: number | undefined;
}

/** Throws BadRecord unless the defaults may stand in a record. */
export function checkDefaults({ classification }: RecordDefaults): void {
  const reasons: string[] = [];
  if (classification !== undefined) checkClassification(classification, reasons);
  if (reasons.length > 0) throw new BadRecord(reasons);
}

/** The record that a line gives in JSON form, completed with the defaults. */
export function lineFromJson(line: number, value: unknown, defaults: RecordDefaults): RecordLine {
  if (isStatementJson(value)) return refusedLine(line, [NO_RECORD]);
  try {
    const { record, keepUntilDay } = recordFromJson(value);
    return goodLine(line, record, keepUntilDay, defaults);
  } catch (error) {
    if (error instanceof BadRecord) return refusedLine(line, error.reasons);
    throw error;
  }
}

/** A line that gives a record, completed with the defaults. */
export function goodLine(
  line: number,
  record: MediaRecord,
  keepUntilDay: number,
  defaults: RecordDefaults,
): RecordLine {
  if (record.kind === 0 && defaults.kind !== undefined) record.kind = defaults.kind;
  if (record.classification === undefined && defaults.classification !== undefined) {
    record.classification = create(ClassificationSchema, defaults.classification);
  }
  return { line, record, keepUntilDay: keepUntilDay === 0 ? (defaults.keepUntilDay ?? 0) : keepUntilDay };
}

/** A line that gives none. */
export function refusedLine(line: number, reasons: readonly string[]): RecordLine {
  const more = reasons.length - MAX_REASONS;
  const shown = reasons.slice(0, MAX_REASONS).join('; ');
  return { line, reason: more > 0 ? `${shown}; and ${more} more` : shown };
}
