// The journal: a node's private record of what it did. One file a UTC day, one JSON object a line, kept for a
// set number of days. Signed frames are in it, so that what was asked and said can be shown later; of segments
// only log, range and hash, so that nothing purged survives here. A message that is not the one encoding of what
// it says could hide a segment in its bytes, and is kept as its hash alone.

import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { MessageSchema } from '../../proto/gen/icse/v1/exchange_pb.js';
import { type Clock, utcDay } from '../clock.js';
import { type FrameRecord, type SaidMessage, saidMessage } from '../exchange/frames.js';
import { hexText } from '../statements/hex.js';
import { HASH_BYTES } from '../tlog/hash.js';
import { type DayFile, openDayFile } from './day-file.js';

export interface Journal {
  /** One fact, with the time it came about. */
  record(kind: string, facts: Readonly<Record<string, unknown>>): void;
  /** One frame of a session. */
  frame(
    session: string,
    direction: 'in' | 'out',
    record: FrameRecord,
    messages: readonly SaidMessage[],
  ): void;
  close(): Promise<void>;
}

const DAY_MS = 86_400_000;
const FILE = /^(\d{4}-\d{2}-\d{2})\.jsonl$/;
/**
 * Messages up to this size are kept whole: all heads of two hundred members have 100 KB, the proof of a fork 5.
 * What is larger is nobody's honest message, and is kept as its hash.
 */
const WHOLE_MESSAGE_BYTES = 256 * 1024;
/** Longer than the name of any log. */
const MAX_LOG_NAME = 120;

/** Opens the journal in its directory and removes what is older than `keepDays`. */
export async function openJournal(
  directory: string,
  clock: Clock,
  keepDays: number,
  onError: (error: Error) => void,
): Promise<Journal> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  let day = -1;
  let file: DayFile | undefined;
  let closed = false;
  const closing: Promise<void>[] = [];

  function today(): DayFile {
    const now = utcDay(clock.now());
    if (file !== undefined && now === day) return file;
    if (file !== undefined) closing.push(file.close());
    day = now;
    file = openDayFile(join(directory, `${dayName(now)}.jsonl`), {
      now: () => clock.now(),
      after: (ms, act) => clock.after(ms, act),
      onError,
      gap: (lines) => lineOf({ kind: 'journal-gap', lines }),
    });
    removeOld(directory, now - keepDays).catch(onError);
    return file;
  }

  function lineOf(facts: Record<string, unknown>): string {
    return `${JSON.stringify({ at: new Date(clock.now()).toISOString(), ...facts })}\n`;
  }

  function write(facts: Record<string, unknown>): void {
    if (!closed) today().write(lineOf(facts));
  }

  today();
  return {
    record: (kind, facts) => write({ kind, ...facts }),
    frame(session, direction, { sequence, hashes, signature }, messages) {
      write({
        kind: 'frame',
        session,
        direction,
        sequence,
        hashes: base64(hashes),
        signature: base64(signature),
        messages: messages.map((message, i) =>
          messageFacts(message, hexText(hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES))),
        ),
      });
    },
    async close() {
      closed = true;
      if (file !== undefined) closing.push(file.close());
      await Promise.all(closing);
    },
  };
}

function messageFacts({ bytes, run }: SaidMessage, sha256: string): unknown {
  if (run !== undefined) return { case: 'segment', ...run, log: run.log.slice(0, MAX_LOG_NAME), sha256 };
  const read = fromBinary(MessageSchema, bytes, { readUnknownFields: false });
  const { content } = read;
  // Whatever its bringer says of it: nothing of a segment is kept.
  if (content.case === 'segment') return messageFacts(saidMessage(bytes, content), sha256);
  const isWhole =
    bytes.length <= WHOLE_MESSAGE_BYTES && Buffer.compare(toBinary(MessageSchema, read), bytes) === 0;
  return isWhole ? base64(bytes) : { case: content.case, sha256 };
}

async function removeOld(directory: string, beforeDay: number): Promise<void> {
  for (const name of await readdir(directory)) {
    const match = FILE.exec(name);
    if (match?.[1] !== undefined && name < `${dayName(beforeDay)}.jsonl`) await rm(join(directory, name));
  }
}

function dayName(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
