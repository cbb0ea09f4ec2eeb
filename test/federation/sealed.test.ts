import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WatchedEntry } from '../../node/api.js';
import { loadIdentity } from '../../node/home/identity.js';
import { homePaths } from '../../node/home/layout.js';
import { NotOpened } from '../../node/keys/sealing.js';
import type { Log } from '../../node/log/log.js';
import { Logs } from '../../node/log/logs.js';
import { type LogName, logName, type MemberCode } from '../../node/names.js';
import { Registry } from '../../node/registry/registry.js';
import { decodeEntry } from '../../node/statements/entry.js';
import { encodeContent, type SealedEntry } from '../../node/statements/sealed-content.js';
import { uuidText } from '../../node/statements/uuid.js';
import { openLevelStore } from '../../node/store/level-store.js';
import { ed25519Signer } from '../../node/tlog/note.js';
import { openerOf } from '../../node/views/opener.js';
import { aLead, aSealedEntry } from '../exchange/sealed-entries.js';
import { aFederation, type Federation, random } from './federation.js';

const SUBJECT = random(16);
const NL = { member: 'NL' as MemberCode, generation: 1 };

describe('a lead from the Netherlands for Australia alone', () => {
  let federation: Federation;
  let entry: Uint8Array;
  beforeAll(async () => {
    federation = await aFederation({ countries: ['NL', 'AU', 'FR'] });
    await federation.stop('NL');
    entry = await appendSealed('NL', ['AU']);
    await federation.start('NL');
  });
  afterAll(() => federation.close());

  it('is told to Australia, and to nobody else', async () => {
    expect(await federation.hears('AU', ({ kind }) => kind === 'lead')).toMatchObject({
      from: 'NL',
      index: 0,
      statement: { event: 'victim-identified', subject: `NL/${uuidText(SUBJECT)}`, readers: ['AU'] },
    });
    for (const code of ['NL', 'FR', 'LYON']) {
      await federation.sees(code, ({ logs }) => logs.some(({ log, size }) => log === 'NL' && size === 1));
      const told = await federation.node(code).api.notices(1, 1000);
      expect(told.filter(({ kind }) => kind === 'lead')).toEqual([]);
    }
  });

  it('is shown with what it says to its reader and author; to others as far as they have it', async () => {
    const statement = { event: 'victim-identified', subject: `NL/${uuidText(SUBJECT)}` };
    expect(await shownAt('AU')).toEqual({ sealed: true, readers: ['AU'], statement });
    expect(await shownAt('NL')).toEqual({ sealed: true, readers: ['AU'], statement });
    expect(await shownAt('LYON')).toEqual({ sealed: true, readers: ['AU'] });
    expect(await shownAt('FR')).toBeUndefined();
  });

  it('leaves all with the same log and the same views, and a hole that is nobody’s concern', async () => {
    const digests = new Set<string>();
    for (const code of ['NL', 'AU', 'FR', 'LYON']) {
      digests.add((await federation.node(code).api.views()).viewsDigest);
      const { logs } = await federation.node(code).api.status();
      const nl = logs.find(({ log }) => log === 'NL');
      const others = code === 'FR' ? 1 : 0;
      expect(nl).toMatchObject({ size: 1, state: 'live', behind: 0, holes: others, notAddressed: others });
    }
    expect(digests.size).toBe(1);
  });

  it('is on no disk but those of Lyon, Australia and the Netherlands, and in clear on the last two at most', async () => {
    const sealed = (decodeEntry(entry) as SealedEntry).statement.value;
    const content = encodeContent(aLead('NL', SUBJECT), NL);
    const shown = uuidText(SUBJECT);
    for (const code of ['NL', 'AU', 'FR', 'LYON']) await federation.stop(code);
    const found: Record<string, string[]> = {};
    for (const code of ['NL', 'AU', 'FR', 'LYON']) {
      const files = await filesOf(federation.home(code));
      const has = (bytes: Uint8Array): boolean => files.some((file) => file.includes(Buffer.from(bytes)));
      found[code] = [
        has(sealed.ciphertext) ? 'ciphertext' : '',
        has(content) || has(SUBJECT) || has(Buffer.from(shown)) ? 'clear' : '',
      ].filter((word) => word !== '');
    }
    expect(found).toEqual({
      NL: ['ciphertext', 'clear'],
      AU: ['ciphertext', 'clear'],
      FR: [],
      LYON: ['ciphertext'],
    });
  });

  it('is opened by no key of Lyon, nor of France with all that Lyon has', async () => {
    const federationId = (await identityOf('LYON')).anchors.federation;
    const sealed = decodeEntry(await firstOf('LYON', logName(federationId, NL.member))) as SealedEntry;
    for (const code of ['LYON', 'FR']) {
      const { anchors, secrets } = await identityOf(code);
      for (const as of [code, 'AU', 'NL'] as MemberCode[]) {
        const open = openerOf(anchors.federation, as, secrets.sealing);
        const at = logName(anchors.federation, NL.member);
        if (as === code) expect(open(sealed, at, 0)).toBeUndefined();
        else expect(() => open(sealed, at, 0)).toThrow(NotOpened);
      }
    }
    const { anchors, secrets } = await identityOf('AU');
    const open = openerOf(anchors.federation, 'AU' as MemberCode, secrets.sealing);
    expect(open(sealed, logName(anchors.federation, NL.member), 0)).toEqual(aLead('NL', SUBJECT));
  });

  async function shownAt(code: string): Promise<unknown> {
    const { api } = federation.node(code);
    const entries: WatchedEntry[] = await api.entries([]).read(1000);
    return entries.find(({ log }) => log === 'NL')?.statement;
  }

  const identityOf = (code: string) => loadIdentity(homePaths(federation.home(code)));

  /** The first entry of a log on the disk of a country whose node does not run. */
  async function firstOf(code: string, name: LogName): Promise<Uint8Array> {
    const store = await openLevelStore(homePaths(federation.home(code)).logs);
    const logs = await Logs.open(store, await Registry.open(store, (await identityOf(code)).anchors));
    const [item] = (await logs.get(name)?.read(0, 1)) ?? [];
    await store.close();
    return item as Uint8Array;
  }

  /** A country whose node does not run appends a sealed lead to its log. */
  async function appendSealed(code: string, to: readonly string[]): Promise<Uint8Array> {
    const { anchors, secrets } = await identityOf(code);
    const store = await openLevelStore(homePaths(federation.home(code)).logs);
    const registry = await Registry.open(store, anchors);
    const logs = await Logs.open(store, registry);
    const log = logs.get(logName(anchors.federation, code as MemberCode)) as Log;
    const bytes = aSealedEntry(registry.state, { from: code, to, statement: aLead(code, SUBJECT) });
    await log.append([bytes], ed25519Signer(log.name, secrets.log));
    await log.idle();
    await store.close();
    return bytes;
  }
});

/** The raw files of a home, LevelDB's among them. */
async function filesOf(home: string): Promise<Buffer[]> {
  const found = await readdir(home, { recursive: true, withFileTypes: true });
  const files = found.filter((file) => file.isFile());
  return Promise.all(files.map((file) => readFile(join(file.parentPath, file.name))));
}
