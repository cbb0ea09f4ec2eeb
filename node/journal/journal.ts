// The journal: a node's private record of what it did. One file a UTC day, one JSON object a line, kept for a
// set number of days. Signed frames are in it, so that what was asked and said can be shown later; of segments
// only log, range and hash, so that nothing purged survives here.

import { createHash } from 'node:crypto';
import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { MessageSchema } from '../../proto/gen/icse/v1/exchange_pb.js';
import { type Clock, utcDay } from '../clock.js';
import type { FrameRecord } from '../exchange/frames.js';

export interface Journal {
  /** One fact, with the time it came about. */
  record(kind: string, facts: Readonly<Record<string, unknown>>): void;
  /** One frame of a session. */
  frame(session: string, direction: 'in' | 'out', record: FrameRecord, messages: readonly Uint8Array[]): void;
  close(): Promise<void>;
}

const DAY_MS = 86_400_000;
const FILE = /^(\d{4}-\d{2}-\d{2})\.jsonl$/;
/** A message this small is no segment of entries; it is kept whole. */
const SMALL_MESSAGE_BYTES = 4096;

/** Opens the journal in its directory and removes what is older than `keepDays`. */
export async function openJournal(
  directory: string,
  clock: Clock,
  keepDays: number,
  onError: (error: Error) => void,
): Promise<Journal> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  let day = -1;
  let file: WriteStream | undefined;
  const closing: Promise<void>[] = [];

  function today(): WriteStream {
    const now = utcDay(clock.now());
    if (file !== undefined && now === day) return file;
    if (file !== undefined) closing.push(ended(file));
    day = now;
    file = createWriteStream(join(directory, `${dayName(now)}.jsonl`), { flags: 'a', mode: 0o600 });
    file.on('error', onError);
    removeOld(directory, now - keepDays).catch(onError);
    return file;
  }

  function write(line: Record<string, unknown>): void {
    today().write(`${JSON.stringify({ at: new Date(clock.now()).toISOString(), ...line })}\n`);
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
        messages: messages.map(messageFacts),
      });
    },
    async close() {
      if (file !== undefined) closing.push(ended(file));
      await Promise.all(closing);
    },
  };
}

function messageFacts(message: Uint8Array): unknown {
  const { content } = fromBinary(MessageSchema, message);
  if (content.case !== 'segment') {
    return message.length <= SMALL_MESSAGE_BYTES
      ? base64(message)
      : { case: content.case, sha256: sha256(message) };
  }
  const { log, from, entries, fill } = content.value;
  return { case: 'segment', log, from: Number(from), entries: entries.length, fill, sha256: sha256(message) };
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

function ended(file: WriteStream): Promise<void> {
  return new Promise((resolve) => {
    file.once('close', resolve);
    file.end();
  });
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
