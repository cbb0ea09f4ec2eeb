// JSON lines: one record in our JSON form on each line (node/statements/record-json.ts).
//
//   {"md5":"0cc175b9c0f1b6a831c399e269772661","kind":"image"}

import { isBlank, type Line } from './lines.js';
import {
  type FormatReader,
  lineFromJson,
  type RecordDefaults,
  type RecordLine,
  refusedLine,
} from './record-line.js';

/** The reader of JSON lines. */
export function jsonLinesReader(defaults: RecordDefaults): FormatReader {
  const isWhole = Object.values(defaults).every((value) => value === undefined);
  const readLine = (line: Line): RecordLine => {
    const read = readJsonLine(line, defaults);
    return isWhole && 'record' in read && 'text' in line ? { ...read, json: line.text } : read;
  };
  return {
    read: (lines) => lines.filter((line) => !isBlank(line)).map(readLine),
    end: () => [],
  };
}

function readJsonLine(line: Line, defaults: RecordDefaults): RecordLine {
  if ('reason' in line) return refusedLine(line.number, [line.reason]);
  let value: unknown;
  try {
    value = JSON.parse(line.text);
  } catch {
    // V8's own message would repeat the line.
    return refusedLine(line.number, ['not JSON']);
  }
  return lineFromJson(line.number, value, defaults);
}
