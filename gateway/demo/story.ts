// The story that the demonstration tells, step by step. Each step says what is shown and why, does it through
// the users' commands, and looks whether it held; the first that does not hold ends the story.

import type { NodeStatus } from '../../node/api.js';
import { LYON } from '../../node/names.js';
import { type DemoLead, type DemoRetraction, identifyChild, sendLead, takeBack } from './case.js';
import { type Country, createDemoFederation, type DemoFederation } from './federation.js';
import { asChecksums, asCsv, asJsonLines, type FileHashes, hashesOfFiles } from './material.js';
import { CommandFailed } from './processes.js';

export interface Narrator {
  /** A new step: what is shown, and why it matters. */
  step(title: string, why: string): void;
  /** Something that was just seen to hold. */
  saw(text: string): void;
}

export interface DemoMember {
  readonly member: string;
  /** Size of its own log. */
  readonly entries: number;
  /** The signed note. */
  readonly checkpoint: string;
  readonly vkey: string;
  readonly receipts: readonly { readonly by: string; readonly size: number }[];
}

export interface DemoHit {
  /** The one that published, and the one that was told. */
  readonly members: readonly [string, string];
  readonly hash: string;
  readonly seconds: number;
}

export interface DemoReport {
  readonly ok: boolean;
  readonly seconds: number;
  readonly members: readonly DemoMember[];
  readonly hits: readonly DemoHit[];
  /** Undefined when the story ended before. */
  readonly lead?: DemoLead;
  readonly retraction?: DemoRetraction;
  readonly suspended: readonly string[];
  readonly failure?: string;
}

const NAMES: ReadonlyMap<string, string> = new Map([
  ['AU', 'Australia'],
  ['US', 'United States'],
  ['NL', 'Netherlands'],
  ['FR', 'France'],
  ['BR', 'Brazil'],
]);

/** Files in the lists; each country has `SHARE` of them, and each next list starts `STRIDE` further on. */
const SHARE = 60;
const STRIDE = 40;
const FILES = STRIDE * NAMES.size + SHARE + 10;

/** Tells the whole story and leaves the federation running. */
export async function tellStory(
  narrator: Narrator,
  onCreated: (federation: DemoFederation) => void,
): Promise<DemoReport> {
  const startedAt = Date.now();
  const hits: DemoHit[] = [];
  const files = await hashesOfFiles(FILES);
  const spare = files.slice(FILES - 10);

  narrator.step('Lyon founds the federation', 'its root vouches for everything that follows');
  const federation = await createDemoFederation();
  onCreated(federation);
  await federation.startHub();
  narrator.saw(`the hub runs; its home is ${federation.hubHome}`);

  narrator.step(
    'Five countries join',
    'each gets one invitation, makes its own keys and proves that it has them',
  );
  const countries = await Promise.all(
    [...NAMES].map(([code, name]) => federation.join(code, name, code === 'NL' ? ['FR'] : [])),
  );
  const [au, us, nl, fr, br] = countries as [Country, Country, Country, Country, Country];
  await federation.until(
    federation.hubHome,
    (status) => countConnected(status) === NAMES.size,
    'all countries connect to Lyon',
  );
  narrator.saw(`${[...NAMES.keys()].join(', ')} are connected to Lyon over mutual TLS`);

  narrator.step(
    'Each country publishes its own list, and so does Lyon',
    'hashes of files, never the files; three kinds of list are read',
  );
  const lyon = { code: LYON, home: federation.hubHome };
  const publishers = [...countries, lyon];
  await Promise.all(publishers.map((publisher, at) => publishList(federation, publisher, at, files)));
  const total = SHARE * publishers.length;
  for (const country of countries) {
    await federation.until(
      country.home,
      (status) => entriesHeld(status) === total,
      `${country.code} holds all lists`,
    );
  }
  narrator.saw(
    `${total} records, published at six places, are held by all, each under its author's signature`,
  );

  narrator.step(
    'A picture that Australia knows turns up in the United States',
    'the hit is what the exchange is for',
  );
  hits.push(await showHit(federation, us, au, spare[0] as FileHashes, narrator));

  narrator.step(
    'The Netherlands holds a hash that it has not published',
    'a holding never leaves home, and is matched all the same',
  );
  await showHolding(federation, nl, br, spare[1] as FileHashes, narrator);

  narrator.step('Lyon is stopped', 'two countries with a stream of their own go on without it');
  await federation.until(
    nl.home,
    ({ connections }) => connections.some((link) => link.member === fr.code && link.state === 'live'),
    `${nl.code} and ${fr.code} have a stream of their own`,
  );
  await federation.stopHub();
  hits.push(await showHit(federation, fr, nl, spare[2] as FileHashes, narrator));
  await federation.startHub();
  await federation.until(
    federation.hubHome,
    (status) => countConnected(status) === NAMES.size,
    'all countries are back',
  );
  narrator.saw('Lyon is back, and so are all its streams');

  narrator.step(
    'The Netherlands identifies the child in a picture, and asks Australia for help',
    'everybody hears of the child; the lead is sealed, and Lyon carries it without reading it',
  );
  const everywhere = [lyon, ...countries];
  await identifyChild(
    federation,
    nl,
    spare[0] as FileHashes,
    everywhere.map(({ home }) => home),
  );
  narrator.saw('one more victim identified, in Lyon and in all five countries');
  const lead = await sendLead(federation, nl, au, spare[0] as FileHashes);
  narrator.saw(
    `${au.code} alone was told the lead, ${lead.seconds.toFixed(2)} s after the command was given`,
  );

  narrator.step(
    'The United States takes back a record that was wrong',
    'it counts no more at once, its bytes leave every disk, and each member signs that they have',
  );
  const wrong = spare[4] as FileHashes;
  const retraction = await takeBack(
    federation,
    us,
    { line: asJsonLines([wrong]), sha256: wrong.sha256 },
    everywhere.filter(({ code }) => code !== us.code),
  );
  narrator.saw(`${retraction.entry} is gone; signed by ${retraction.confirmed.join(', ')}`);

  narrator.step('Lyon suspends Brazil', 'its streams end at once, and it can publish no more');
  await showSuspension(federation, br, spare[3] as FileHashes, narrator);

  narrator.step(
    'Who has what, and can prove it',
    'checkpoints signed by the authors, receipts by those who hold them',
  );
  const members = await collectMembers(federation, countries, br);
  const list = await federation.memberList();
  const suspended = list.filter((item) => item.state === 'suspended').map((item) => item.member);
  return { ok: true, seconds: secondsSince(startedAt), members, hits, lead, retraction, suspended };
}

async function publishList(
  federation: DemoFederation,
  country: Pick<Country, 'code' | 'home'>,
  at: number,
  files: readonly FileHashes[],
): Promise<void> {
  const share = files.slice(at * STRIDE, at * STRIDE + SHARE);
  const text = [asJsonLines, asCsv, asChecksums][at % 3]?.(share) ?? '';
  await federation.processes.icse(
    ['import', '-', '--home', country.home, '--classification', `${country.code}:1`, '--json'],
    text,
  );
}

/** The second country publishes what the first has; the first is told. */
async function showHit(
  federation: DemoFederation,
  publisher: Country,
  told: Country,
  file: FileHashes,
  narrator: Narrator,
): Promise<DemoHit> {
  await publish(federation, told, file);
  const sentAt = Date.now();
  await publish(federation, publisher, file);
  const { at } = await told.told(
    (notice) => notice.kind === 'hit' && notice.hash === file.sha256 && otherOf(notice) === publisher.code,
    `${publisher.code} has ${file.sha256}`,
  );
  const seconds = (at - sentAt) / 1000;
  narrator.saw(
    `${publisher.code} published, and ${told.code} was told ${seconds.toFixed(2)} s after the command was given`,
  );
  return { members: [publisher.code, told.code], hash: file.sha256, seconds };
}

async function showHolding(
  federation: DemoFederation,
  holder: Country,
  publisher: Country,
  file: FileHashes,
  narrator: Narrator,
): Promise<void> {
  const label = 'CASE-7';
  const list = asChecksums([file]);
  await federation.processes.icse(
    ['import', '-', '--private', '--label', label, '--home', holder.home, '--json'],
    list,
  );
  await publish(federation, publisher, file);
  await holder.told(
    (notice) => (notice.mine as { holding?: string } | undefined)?.holding === label,
    'its holding matches',
  );
  narrator.saw(`${publisher.code} published it, and ${holder.code} alone was told: holding ${label}`);
}

async function showSuspension(
  federation: DemoFederation,
  member: Country,
  file: FileHashes,
  narrator: Narrator,
): Promise<void> {
  await federation.processes.icse(['member', 'suspend', member.code, '--home', federation.hubHome]);
  await federation.until(
    member.home,
    (status) => status.connections.some((link) => link.member === LYON && link.state === 'refused'),
    `${member.code} is cut off`,
  );
  try {
    await publish(federation, member, file);
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    narrator.saw(
      `${member.code} tries to publish, and its own node refuses: ${error.stderr.trim().split('\n').at(-1)}`,
    );
    return;
  }
  throw new Error(`${member.code} could publish though it is suspended`);
}

async function publish(federation: DemoFederation, country: Country, file: FileHashes): Promise<void> {
  const line = asJsonLines([file]);
  await federation.processes.icse(['publish', '-', '--home', country.home, '--json'], line);
}

async function collectMembers(
  federation: DemoFederation,
  countries: readonly Country[],
  suspended: Country,
): Promise<DemoMember[]> {
  const active = countries.filter((country) => country !== suspended);
  const homes = [federation.hubHome, ...active.map((country) => country.home)];
  const statuses = await Promise.all(
    homes.map((home, at) =>
      federation.until(
        home,
        (status) => at === 0 || hasReceipts(status, active.length),
        'receipts have come in',
      ),
    ),
  );
  const hub = statuses[0] as NodeStatus;
  return [LYON, ...countries.map((country) => country.code)].map((member) => {
    // What Lyon holds and others have cosigned; at a country its own view of its own log.
    const own = statuses.find((status) => status.member === member) ?? hub;
    const log = own.logs.find((candidate) => candidate.member === member);
    if (log === undefined) throw new Error(`nobody has the log of ${member}`);
    const receipts = log.receipts.map(({ by, size }) => ({ by, size }));
    return { member, entries: log.size, checkpoint: log.checkpoint ?? '', vkey: log.vkey, receipts };
  });
}

function hasReceipts(status: NodeStatus, active: number): boolean {
  const own = status.logs.find((log) => log.member === status.member);
  return (own?.receipts.filter((receipt) => receipt.size === own.size).length ?? 0) >= active;
}

function countConnected(status: NodeStatus): number {
  return status.connections.filter((link) => link.state === 'live').length;
}

/** Entries of the members' logs that a node holds, the registry aside. */
function entriesHeld(status: NodeStatus): number {
  return status.logs.filter((log) => log.member !== 'registry').reduce((sum, log) => sum + log.size, 0);
}

function otherOf(notice: object): string | undefined {
  return (notice as { other?: { member?: string } }).other?.member;
}

function secondsSince(ms: number): number {
  return Math.round((Date.now() - ms) / 10) / 100;
}
