// CSV (RFC 4180) with a header that names our columns, in any order and case; an empty field says nothing.
//
//   md5,kind,flags
//   0cc175b9c0f1b6a831c399e269772661,image,victim-identified;distributed
//
// csv-parse takes fields apart, but not lines: given a quote that nobody closes it would swallow the rest
// of the file. So lines are put together here by counting quotes, within a bound.

import { parse } from 'csv-parse/sync';
import { quoted } from '../../node/statements/quoted.js';
import { BadImport } from './bad-import.js';
import { isBlank, type Line, MAX_LINE_BYTES, type TextLine } from './lines.js';
import {
  type FormatReader,
  lineFromJson,
  type RecordDefaults,
  type RecordLine,
  refusedLine,
} from './record-line.js';

const HASH_COLUMNS = ['sha256', 'sha1', 'md5', 'pdq', 'photodna'] as const;
const OTHER_COLUMNS = [
  'pdqQuality',
  'kind',
  'size',
  'mime',
  'scheme',
  'code',
  'series',
  'flags',
  'recordId',
  'keepUntil',
] as const;

type Column = (typeof HASH_COLUMNS)[number] | (typeof OTHER_COLUMNS)[number];

const COLUMNS: ReadonlyMap<string, Column> = new Map(
  [...HASH_COLUMNS, ...OTHER_COLUMNS].map((name) => [name.toLowerCase(), name]),
);

const isHashColumn = (name: string) => HASH_COLUMNS.some((column) => column === name);

/** True when the line names a column of hashes, whatever separates its fields. */
export function isCsvHeader(text: string): boolean {
  const names = text.replaceAll('"', '').split(/[,;\t]/);
  return names.some((name) => isHashColumn(name.trim().toLowerCase()));
}

/** Reads the CSV lines of one file. Throws BadImport when the header will not do. */
export class CsvReader implements FormatReader {
  readonly #file: string;
  readonly #defaults: RecordDefaults;
  #columns: readonly Column[] | undefined;
  /** Lines of a row whose quotes are not closed yet; bounded by MAX_LINE_BYTES together. */
  #open: TextLine[] = [];
  #openBytes = 0;

  constructor(file: string, defaults: RecordDefaults) {
    this.#file = file;
    this.#defaults = defaults;
  }

  read(lines: readonly Line[]): RecordLine[] {
    const rows = this.#columns === undefined ? this.#takeHeader(lines) : lines;
    return this.#readTogether(rows) ?? this.#readOneByOne(rows);
  }

  end(): RecordLine[] {
    const out: RecordLine[] = [];
    while (this.#open.length > 0) this.#giveUp('a quote is not closed', out);
    return out;
  }

  #takeHeader(lines: readonly Line[]): readonly Line[] {
    const at = lines.findIndex((line) => !isBlank(line));
    const header = lines[at];
    if (header === undefined) return [];
    const refuse = (why: string) => new BadImport(this.#file, why, { line: header.number });
    if ('reason' in header) throw refuse(`the header is ${header.reason}`);
    this.#columns = columnsOf(header.text, refuse);
    return lines.slice(at + 1);
  }

  /** The fast way, for lines that are each a row: one call of csv-parse. Undefined when one of them is not. */
  #readTogether(lines: readonly Line[]): RecordLine[] | undefined {
    if (this.#open.length > 0) return undefined;
    const whole: TextLine[] = [];
    for (const line of lines) {
      if ('reason' in line || hasOpenQuote(line.text)) return undefined;
      if (!isBlank(line)) whole.push(line);
    }
    if (whole.length === 0) return [];
    const rows = parseRows(whole.map((line) => line.text).join('\n'));
    if (rows?.length !== whole.length) return undefined;
    return rows.map((fields, n) => this.#readRow((whole[n] as TextLine).number, fields));
  }

  #readOneByOne(lines: readonly Line[]): RecordLine[] {
    const out: RecordLine[] = [];
    for (const line of lines) {
      if ('reason' in line) {
        while (this.#open.length > 0) this.#giveUp('a quote is not closed', out);
        out.push(refusedLine(line.number, [line.reason]));
      } else {
        while (this.#open.length > 0 && this.#openBytes + line.text.length >= MAX_LINE_BYTES) {
          this.#giveUp(`a quote is not closed within ${MAX_LINE_BYTES / 1024} KiB`, out);
        }
        this.#take(line, out);
      }
    }
    return out;
  }

  #take(line: TextLine, out: RecordLine[]): void {
    const isContinued = this.#open.length > 0;
    if (!isContinued && isBlank(line)) return;
    this.#open.push(line);
    this.#openBytes += line.text.length + 1;
    // In an open row the line that has the other quote closes it.
    const isOpen = isContinued !== hasOpenQuote(line.text);
    if (!isOpen) this.#close(out);
  }

  #close(out: RecordLine[]): void {
    const row = this.#open;
    const first = row[0] as TextLine;
    const rows = parseRows(row.map((line) => line.text).join('\n'));
    if (rows?.length !== 1) {
      this.#giveUp('quotes in the wrong place', out);
      return;
    }
    this.#forget();
    out.push(this.#readRow(first.number, rows[0] as string[]));
  }

  /** Refuses the line that began the open row, and reads the others as rows of their own. */
  #giveUp(reason: string, out: RecordLine[]): void {
    const [first, ...others] = this.#open;
    this.#forget();
    out.push(refusedLine((first as TextLine).number, [reason]));
    for (const line of others) this.#take(line, out);
  }

  #forget(): void {
    this.#open = [];
    this.#openBytes = 0;
  }

  #readRow(line: number, fields: readonly string[]): RecordLine {
    const columns = this.#columns as readonly Column[];
    if (fields.length !== columns.length) {
      return refusedLine(line, [`${fieldsText(fields.length)}, the header has ${columns.length}`]);
    }
    return lineFromJson(line, rowToJson(columns, fields), this.#defaults);
  }
}

const fieldsText = (count: number) => (count === 1 ? '1 field' : `${count} fields`);

function columnsOf(header: string, refuse: (why: string) => BadImport): Column[] {
  const [names] = parseRows(header) ?? [];
  if (names === undefined) throw refuse('the header has quotes in the wrong place');
  const known = [...COLUMNS.values()].join(', ');
  if (names.length === 1 && /[;\t]/.test(header)) {
    throw refuse('the columns must be separated by commas');
  }
  const columns: Column[] = [];
  for (const name of names) {
    const column = COLUMNS.get(name.trim().toLowerCase());
    if (column === undefined) {
      throw refuse(`unknown column ${quoted(name.trim())}; the columns are ${known}`);
    }
    if (columns.includes(column)) throw refuse(`column ${column} is named twice`);
    columns.push(column);
  }
  if (!columns.some(isHashColumn)) {
    throw refuse(`the header names no column of hashes: at least one of ${HASH_COLUMNS.join(', ')}`);
  }
  return columns;
}

/** The JSON form of a row (node/statements/record-json.ts), which knows the rules. */
function rowToJson(columns: readonly Column[], fields: readonly string[]): { [key: string]: unknown } {
  const json: { [key: string]: unknown } = {};
  for (let n = 0; n < columns.length; n++) {
    const text = (fields[n] as string).trim();
    if (text === '') continue;
    const column = columns[n] as Column;
    switch (column) {
      case 'pdq':
        json.pdq = { ...(json.pdq as object | undefined), hash: text };
        break;
      case 'pdqQuality':
        json.pdq = { ...(json.pdq as object | undefined), quality: wholeOrText(text) };
        break;
      case 'scheme':
      case 'code':
        json.classification = { ...(json.classification as object | undefined), [column]: text };
        break;
      case 'size':
        json.size = wholeOrText(text);
        break;
      case 'flags':
        json.flags = text.split(/[; ]+/).filter((word) => word !== '');
        break;
      default:
        json[column] = text;
    }
  }
  return json;
}

/** Text that is no number stays text, and is refused as such with the field's name. */
function wholeOrText(text: string): number | string {
  return /^(?:0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : text;
}

/** True when an odd number of quotes leaves one open (a quote inside a quoted field is written twice). */
function hasOpenQuote(text: string): boolean {
  let isOpen = false;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) isOpen = !isOpen;
  return isOpen;
}

/** The rows of the text, or undefined when its quotes are in the wrong place. */
function parseRows(text: string): string[][] | undefined {
  // Without quotes there is nothing to parse, and most files have none: three times as fast.
  if (!text.includes('"')) return text.split('\n').map((row) => row.split(','));
  try {
    return parse(text, { record_delimiter: '\n', relax_column_count: true });
  } catch {
    return undefined;
  }
}
