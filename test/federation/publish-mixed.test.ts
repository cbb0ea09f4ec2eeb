// Ten thousand lines of all that a member says, in one go through the command, on a real node.

import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { placeSocket } from '../../gateway/socket/place.js';
import { type SocketServer, serveSocket } from '../../gateway/socket/server.js';
import { icse, jsonLines, type Ran } from '../gateway/a-socket.js';
import { aFederation, type Federation } from './federation.js';

const ROUNDS = 20;
const PICTURES_IN_A_ROUND = 50;

/** A line that is broken, and what is said of it. */
const BROKEN: readonly (readonly [line: string, sentence: string])[] = [
  ['{"sha256":"xyz"}', 'not a media record: sha256: "xyz" (3 characters), must be 64 hex digits'],
  ['not json', 'not a media record: not JSON'],
  [
    '{"event":"holiday"}',
    'not a statement: event: "holiday", must be one of victim-identified, victim-safeguarded, suspect-identified, suspect-arrested, place-identified, investigation-opened, investigation-closed, assistance-asked, assistance-given',
  ],
  [
    '{"link":"depicts","from":"cat","to":"5f0c9a52-70f4-4a41-8c25-6d1d0f0f3c11","confidence":"sure"}',
    'not a statement: from: "cat", must be a hash, or victim:, suspect:, place: or series: and a UUID or MEMBER/UUID; confidence: "sure", must be one of confirmed, probable, possible',
  ],
  [
    '{"assess":"AU:9000","verdict":"agree"}',
    'the entry breaks the rules: entry: AU:9000 is not an entry that this node has',
  ],
  ['{"retract":"NL","reason":"wrong-hash"}', 'not a statement: retract: "NL", must be a place such as NL:5'],
  [
    '{"assess":"AU:0","verdict":"agree","readers":["FR"]}',
    'the statement cannot be sealed: FR is not a member',
  ],
  [
    '{"retract":"NL:0","reason":"wrong-hash","readers":["AU"]}',
    'readers: a retraction is for everybody, because everybody has to carry it out',
  ],
  ['{"md5":"900150983cd24fb0d6963f7d28e17f72","readers":"AU"}', 'readers: must be a list of 1 to 64'],
];

const sha256 = (n: number): string => createHash('sha256').update(`picture ${n}`).digest('hex');

let federation: Federation;
let server: SocketServer;
beforeAll(async () => {
  federation = await aFederation({ countries: ['NL', 'AU'] });
  const log = { info: () => undefined, error: console.error };
  const path = await placeSocket(federation.home('NL'), {});
  server = await serveSocket(path, federation.node('NL').api, { log, graceMs: 1000 });
  await federation.publish('AU', { sha256: sha256(1) });
  await federation.sees('NL', ({ logs }) => logs.some(({ member, size }) => member === 'AU' && size === 1));
});
afterAll(async () => {
  await server.close();
  await federation.close();
});

const publish = (lines: readonly string[]): Promise<Ran> =>
  icse(['publish', '-', '--home', federation.home('NL')], { stdin: lines.join('\n') });

/** What is said of one picture; the last is the record again, after it was taken back by its id. */
function saidOf(n: number): { before: object[]; takenBack: object; after: object } {
  const [hash, recordId] = [sha256(2 + n), randomUUID()];
  const record = { sha256: hash, kind: 'image', recordId };
  const child = randomUUID();
  return {
    before: [
      record,
      { event: 'victim-identified', subject: child, media: [hash] },
      { link: 'depicts', from: hash, to: `victim:${child}`, confidence: 'probable' },
      { assess: 'AU:0', verdict: n % 2 === 0 ? 'agree' : 'dispute' },
      { event: 'assistance-asked', media: [hash], readers: ['AU'] },
      { md5: sha256(n).slice(0, 32), readers: ['AU'] },
      { link: 'near-duplicate', from: hash, to: sha256(1), confidence: 'possible', readers: ['AU'] },
      { sha256: sha256(1_000_000 + n), kind: 'video' },
    ],
    takenBack: { retract: recordId, reason: 'entered-in-error' },
    after: record,
  };
}

/** The lines of a round: the broken ones are strewn among them. */
function aRound(round: number): { line: string; fault?: string }[] {
  const pictures = Array.from({ length: PICTURES_IN_A_ROUND }, (_, n) => saidOf(round * 1000 + n));
  const said = [
    ...pictures.flatMap(({ before }) => before),
    ...pictures.map(({ takenBack }) => takenBack),
    ...pictures.map(({ after }) => after),
  ];
  const lines: { line: string; fault?: string }[] = said.map((one) => ({ line: JSON.stringify(one) }));
  for (const [n, [line, fault]] of BROKEN.entries()) lines.splice(50 * (n + 1), 0, { line, fault });
  return lines;
}

it('the good lines are taken in their order, and each broken one is told by its number, field and value', async () => {
  const lines = Array.from({ length: ROUNDS }, (_, n) => aRound(n)).flat();
  expect(lines.length).toBeGreaterThan(10_000);
  const { code, out, err } = await publish(lines.map(({ line }) => line));
  expect(code).toBe(1);
  const answers = jsonLines(out) as { outcome?: string; line?: number; error?: { message: string } }[];
  expect(answers).toHaveLength(lines.length);
  const isAsExpected = ({ outcome, line, error }: (typeof answers)[0], n: number): boolean => {
    const fault = lines[n]?.fault;
    return fault === undefined
      ? outcome === 'taken'
      : line === n + 1 && error?.message.includes(fault) === true;
  };
  expect(answers.filter((answer, n) => !isAsExpected(answer, n))).toEqual([]);
  const faults = lines.flatMap(({ fault }, n) => (fault === undefined ? [] : [{ fault, number: n + 1 }]));
  const complaints = err.split('\n').slice(0, -1);
  expect(complaints).toHaveLength(faults.length);
  for (const [n, { fault, number }] of faults.entries()) {
    expect(complaints[n]).toContain(`standard input:${number}: `);
    expect(complaints[n]).toContain(fault);
  }
}, 60_000);

it('a record that is taken back and published again by the lines behind it counts', async () => {
  const { before, takenBack, after } = saidOf(5_000_000);
  const record = before[0] as { sha256: string };
  const { code, out } = await publish([record, takenBack, after].map((said) => JSON.stringify(said)));
  expect(code).toBe(0);
  const answers = jsonLines(out) as { index: number }[];
  const last = answers[2]?.index as number;
  expect(answers).toMatchObject([{ outcome: 'taken' }, { outcome: 'taken' }, { outcome: 'taken' }]);
  const hash = { algorithm: 'sha256' as const, hash: Buffer.from(record.sha256, 'hex') };
  await federation.sees('AU', ({ logs }) => logs.some(({ member, size }) => member === 'NL' && size > last));
  const found = async () => (await federation.node('AU').api.lookup([hash]))[0]?.records;
  await expect
    .poll(async () => (await found())?.map(({ index }) => index), { timeout: 20_000 })
    .toEqual([last]);
}, 60_000);
