// Import files of all formats (gateway/formats), whole, in pieces of any size.

import { Readable } from 'node:stream';
import { toBinary } from '@bufbuild/protobuf';
import { readRecords } from '../../../gateway/formats/read-records.js';
import type { RecordLine } from '../../../gateway/formats/record-line.js';
import { recordFromJson, recordToJson } from '../../../node/statements/record-json.js';
import { MediaRecordSchema } from '../../../proto/gen/icse/v1/entry_pb.js';
import type { Chance } from '../../chaos/chance.js';
import { bytesOf, isSame, promise, type Target } from '../target.js';
import { aRecord } from './entry.js';

/** Lines end at 64 KiB, so two of the longest fit. */
const MAX_BYTES = 200_000;
const COLUMNS = [
  'sha256',
  'sha1',
  'md5',
  'pdq',
  'pdqQuality',
  'kind',
  'size',
  'mime',
  'scheme',
  'code',
  'flags',
];

export const importTarget: Target = {
  name: 'import',
  open: () => ({
    form: 'text',
    maxBytes: MAX_BYTES,
    words: [
      ...COLUMNS,
      'photodna',
      'recordId',
      'keepUntil',
      'image',
      'video',
      '\r\n',
      '"',
      '""',
      ',',
      'SHA256 (',
    ],
    sample: (chance) => bytesOf(chance.pick([jsonLines, csv, checksums])(chance)),
    async take(input) {
      let last = 0;
      for await (const lines of readRecords('-', { stdin: Readable.from(piecesOf(input)) })) {
        for (const line of lines) {
          promise(line.line > last || !('record' in line), 'lines come out of their order');
          last = Math.max(last, line.line);
          takeLine(line);
        }
      }
    },
  }),
};

function takeLine(line: RecordLine): void {
  if ('reason' in line) {
    promise(line.reason !== '', 'a line was refused without a reason');
    return;
  }
  const read = recordFromJson(recordToJson(line.record, line.keepUntilDay));
  const [before, after] = [
    toBinary(MediaRecordSchema, line.record),
    toBinary(MediaRecordSchema, read.record),
  ];
  promise(isSame(before, after), 'the record is another one after a turn through JSON');
  promise(read.keepUntilDay === line.keepUntilDay, 'the last day is another one after a turn through JSON');
}

/** Cut in places that the length decides, so that an input is always read in the same way. */
function piecesOf(input: Uint8Array): Uint8Array[] {
  const size = input.length % 3 === 0 ? 1 + (input.length % 61) * 7 : 65_536;
  return Array.from({ length: Math.ceil(input.length / size) }, (_, n) =>
    input.subarray(n * size, (n + 1) * size),
  );
}

function jsonLines(chance: Chance): string {
  const lines = Array.from({ length: chance.int(1, 4) }, () =>
    JSON.stringify(recordToJson(aRecord(chance), 0)),
  );
  return `${lines.join('\n')}\n`;
}

function csv(chance: Chance): string {
  const end = chance.pick(['\n', '\r\n']);
  const columns = ['md5', ...COLUMNS.filter((name) => name !== 'md5' && chance.happens(0.5))];
  const row = () => columns.map((name) => fieldOf(name, chance)).join(',');
  return [columns.join(','), ...Array.from({ length: chance.int(1, 4) }, row)].join(end) + end;
}

function fieldOf(column: string, chance: Chance): string {
  const text = aField(column, chance);
  return chance.happens(0.2) ? `"${text}"` : text;
}

function aField(column: string, chance: Chance): string {
  switch (column) {
    case 'md5':
      return hex(16, chance);
    case 'sha1':
      return hex(20, chance);
    case 'sha256':
      return hex(32, chance);
    case 'kind':
      return 'image';
    case 'size':
      return String(chance.int(1, 1e9));
    default:
      return '';
  }
}

function checksums(chance: Chance): string {
  const line = (): string => {
    const digest = hex(chance.pick([16, 20, 32]), chance);
    return chance.pick([digest, `${digest}  a name`, `${digest} *b`, `\\${digest}  c\\nd`]);
  };
  return `${Array.from({ length: chance.int(1, 5) }, line).join('\n')}\n`;
}

function hex(sizeBytes: number, chance: Chance): string {
  return Buffer.from(chance.bytes(sizeBytes)).toString('hex');
}
