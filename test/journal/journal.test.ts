// The journal on disk: days, torn lines, failures, and what of a frame is kept.

import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../node/clock.js';
import { saidMessage } from '../../node/exchange/frames.js';
import { GATHER_MS } from '../../node/journal/day-file.js';
import { type Journal, openJournal } from '../../node/journal/journal.js';
import { AckSchema, MessageSchema, SegmentSchema } from '../../proto/gen/icse/v1/exchange_pb.js';

const DAY_MS = 86_400_000;
const LOG = `icse/${'ab'.repeat(32)}/NL`;
const ENTRY = Buffer.from('an entry that is purged one day');
const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();
const RECORD = { sequence: 0, hashes: new Uint8Array(32), signature: new Uint8Array(64) };

let directory: string;
let nowMs: number;
let errors: Error[];
const clock = { ...systemClock, now: () => nowMs };

beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'icse-journal-')), 'journal');
  nowMs = Date.UTC(2026, 0, 31, 12);
  errors = [];
});
afterEach(() => rm(join(directory, '..'), { recursive: true, force: true }));

const open = (keepDays = 400): Promise<Journal> =>
  openJournal(directory, clock, keepDays, (error) => errors.push(error));

/** Resolves when lines written before are no longer gathered. */
const gathered = (): Promise<void> => new Promise((resolve) => void clock.after(GATHER_MS, resolve));

async function linesOf(name: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(join(directory, name), 'utf8');
  expect(text.endsWith('\n')).toBe(true);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** The files once one of them is gone: old ones are removed beside the work. */
async function filesWithout(gone: string): Promise<string[]> {
  for (;;) {
    const names = (await readdir(directory)).sort();
    if (!names.includes(gone)) return names;
  }
}

describe('the journal', () => {
  it('has one file a UTC day, which its owner alone can read', async () => {
    const journal = await open();
    journal.record('linked', { member: 'NL' });
    nowMs += DAY_MS;
    journal.record('unlinked', { member: 'NL' });
    await journal.close();
    expect(await readdir(directory)).toEqual(['2026-01-31.jsonl', '2026-02-01.jsonl']);
    expect(await linesOf('2026-01-31.jsonl')).toEqual([
      { at: '2026-01-31T12:00:00.000Z', kind: 'linked', member: 'NL' },
    ]);
    expect((await stat(join(directory, '2026-02-01.jsonl'))).mode & 0o777).toBe(0o600);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  });

  it('forgets the days that are older than it is to keep, at a start and when the day changes', async () => {
    await mkdir(directory);
    for (const name of ['2026-01-28.jsonl', '2026-01-29.jsonl', '2026-01-30.jsonl', 'notes.txt'])
      await writeFile(join(directory, name), '{}\n');
    const journal = await open(2);
    journal.record('linked', {});
    expect(await filesWithout('2026-01-28.jsonl')).toEqual(
      expect.arrayContaining(['2026-01-29.jsonl', '2026-01-30.jsonl', 'notes.txt']),
    );
    nowMs += DAY_MS;
    journal.record('linked', {});
    expect(await filesWithout('2026-01-29.jsonl')).toContain('2026-01-30.jsonl');
    await journal.close();
  });

  it('stays readable after a crash in the middle of a line', async () => {
    await mkdir(directory);
    await writeFile(join(directory, '2026-01-31.jsonl'), '{"at":"2026-01-31T11:00:00.000Z","kind":"lin');
    const journal = await open();
    journal.record('linked', { member: 'AU' });
    await journal.close();
    const text = await readFile(join(directory, '2026-01-31.jsonl'), 'utf8');
    expect(JSON.parse(text.split('\n')[1] ?? '')).toMatchObject({ kind: 'linked', member: 'AU' });
  });

  it('closes although its file failed, goes on once it can, and says how many lines are missing', async () => {
    await mkdir(join(directory, '2026-01-31.jsonl'), { recursive: true });
    const journal = await open();
    journal.record('linked', { member: 'AU' });
    while (errors.length === 0) await new Promise((resolve) => setImmediate(resolve));
    journal.record('linked', { member: 'NL' });
    // What is written while the file cannot be opened again is missing as well.
    await gathered();
    await rm(join(directory, '2026-01-31.jsonl'), { recursive: true });
    nowMs += 2000;
    journal.record('unlinked', { member: 'NL' });
    await journal.close();
    expect(await linesOf('2026-01-31.jsonl')).toMatchObject([
      { kind: 'journal-gap', lines: 2 },
      { kind: 'unlinked' },
    ]);

    await rm(directory, { recursive: true });
    await mkdir(join(directory, '2026-01-31.jsonl'), { recursive: true });
    const broken = await open();
    broken.record('linked', {});
    while (errors.length < 2) await new Promise((resolve) => setImmediate(resolve));
    await broken.close();
  });

  it('keeps messages whole, but of a segment only log, range and hash, however it is packed', async () => {
    const ack = { case: 'ack', value: create(AckSchema, { log: LOG, size: 7n, bytes: 9n }) } as const;
    const segment = {
      case: 'segment',
      value: create(SegmentSchema, { log: LOG, from: 5n, entries: [ENTRY] }),
    } as const;
    const [said, run] = [ack, segment].map((content) =>
      toBinary(MessageSchema, create(MessageSchema, { content })),
    ) as [Uint8Array, Uint8Array];
    // Of two members of a oneof the last one counts: a reader takes this for an Ack.
    const disguised = Buffer.concat([run, said]);
    const extended = Buffer.concat([said, Buffer.from([0xfa, 0x3f, ENTRY.length]), ENTRY]);
    const journal = await open();
    const record = { ...RECORD, hashes: Buffer.concat([said, run, disguised, extended].map(sha256)) };
    journal.frame('5e55', 'in', record, [
      saidMessage(said, ack),
      saidMessage(run, segment),
      saidMessage(disguised, ack),
      saidMessage(extended, ack),
      { bytes: run, run: undefined },
    ]);
    await journal.close();
    const [line] = await linesOf('2026-01-31.jsonl');
    expect(line?.messages).toMatchObject([
      Buffer.from(said).toString('base64'),
      { case: 'segment', log: LOG, from: 5, entries: 1, fill: false, sha256: sha256(run).toString('hex') },
      { case: 'ack', sha256: sha256(disguised).toString('hex') },
      { case: 'ack', sha256: sha256(extended).toString('hex') },
      { case: 'segment', log: LOG, from: 5, entries: 1, fill: false },
    ]);
    expect(JSON.stringify(line)).not.toContain(Buffer.from(ENTRY).toString('base64').slice(4, 30));
    const bytes = JSON.stringify(line?.messages).match(/[A-Za-z0-9+/=]{16,}/g) ?? [];
    for (const text of bytes) expect(Buffer.from(text, 'base64').includes(ENTRY)).toBe(false);
  });
});
