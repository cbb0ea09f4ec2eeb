// What nodes show each other that they have on disk: in receipts, heads, acknowledgements and segments of their own logs.
// It has to be there after every restart.

import { fromBinary } from '@bufbuild/protobuf';
import { type LogName, LYON, parseLogName } from '../../node/names.js';
import { parseTreeHead } from '../../node/tlog/checkpoint.js';
import { parseNote } from '../../node/tlog/note.js';
import { type Envelope, MessageSchema } from '../../proto/gen/icse/v1/exchange_pb.js';
import type { Ledger } from './ledger.js';
import type { Host } from './network.js';

/** Remembers what the sender of the envelope shows. */
export function noteWhatIsShown(ledger: Ledger, envelope: Envelope, from: Host): void {
  if (envelope.content.case !== 'frame' || ledger.dishonest.has(from.member)) return;
  for (const bytes of envelope.content.value.messages) {
    const { content } = fromBinary(MessageSchema, bytes);
    if (content.case === 'receipt' && content.value.by === from.member) {
      ledger.shown(from.member, content.value.log as LogName, sizeIn(content.value.note));
    } else if (content.case === 'segment' && isAuthor(from, content.value.log) && !content.value.fill) {
      // Who fetches its own log back can know a checkpoint beyond what it has on disk, and sends what it has.
      const { log, from: start, entries } = content.value;
      ledger.shown(from.member, log as LogName, Number(start) + entries.length);
    } else if (content.case === 'heads') {
      for (const head of content.value.heads) {
        if (isAuthor(from, head.log) && head.checkpoint.length > 0)
          ledger.shown(from.member, head.log as LogName, Number(head.size));
      }
    } else if (content.case === 'ack' && content.value.size > 0n) {
      ledger.shown(from.member, content.value.log as LogName, Number(content.value.size));
    }
  }
}

function isAuthor(host: Host, log: string): boolean {
  return (parseLogName(log).member ?? LYON) === host.member;
}

function sizeIn(note: Uint8Array): number {
  try {
    return parseTreeHead(parseNote(note).text).size;
  } catch {
    return 0;
  }
}
