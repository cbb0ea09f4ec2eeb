import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { federationIdOf } from '../../certs/authority.js';
import { readCrl } from '../../certs/revocation.js';
import { readConfig } from '../../node/home/config.js';
import { loadIdentity } from '../../node/home/identity.js';
import { isRootAtHome } from '../../node/home/layout.js';
import { createHub } from '../../node/hub/create.js';
import { DEFAULT_QUOTA } from '../../node/hub/membership.js';
import { LYON } from '../../node/names.js';
import { Registry } from '../../node/registry/registry.js';
import { openLevelStore } from '../../node/store/level-store.js';
import { openCheckpoint } from '../../node/tlog/checkpoint.js';
import { ed25519Verifier } from '../../node/tlog/note.js';
import { hasOpenssl, opensslVerdict } from '../certs/openssl.js';
import { aClock, aFolder, aHubHome, random, removeFolders } from './a-hub.js';

afterAll(removeFolders);

const clock = aClock();
const text = (path: string) => readFile(path, 'utf8');

describe('a new hub', () => {
  it('knows who it is, and its federation id is the hash of the root certificate', async () => {
    const paths = await aHubHome();
    const { member, federation } = await loadIdentity(paths);
    expect(member).toBe(LYON);
    expect(federation.federation).toBe(federationIdOf(await readFile(paths.root.certificate, 'utf8')));
  });

  it('keeps the port that it picked, and the next one for enrolment', async () => {
    const paths = await aHubHome();
    const { listen = '', listenEnrol = '' } = await readConfig(paths.config);
    const port = Number(listen.split(':')[1]);
    expect(port).toBeGreaterThan(0);
    expect(listenEnrol).toBe(`127.0.0.1:${port + 1}`);
    const { hub } = (await loadIdentity(paths)).federation;
    expect(hub).toMatchObject({ exchange: listen, enrolment: listenEnrol });
  });

  it('begins a registry on disk that admits LYON under a checkpoint by its log key', async () => {
    const paths = await aHubHome();
    const { anchors, secrets, federation } = await loadIdentity(paths);
    const store = await openLevelStore(paths.logs);
    const { state, log } = await Registry.open(store, anchors);
    await store.close();
    expect([...state.members.keys()]).toEqual([LYON]);
    expect(state.members.get(LYON)).toMatchObject({ address: federation.hub.exchange, quota: DEFAULT_QUOTA });
    const note = log.checkpoint?.note ?? new Uint8Array();
    expect(openCheckpoint(note, ed25519Verifier(log.name, secrets.log.publicKey)).size).toBe(1);
  });

  it('lets nobody else on the machine read its secrets', async () => {
    const paths = await aHubHome();
    expect((await stat(paths.home)).mode & 0o777).toBe(0o700);
    for (const path of [paths.seed, paths.tls.key, paths.hub.issuingKey, paths.root.key, paths.root.seed]) {
      expect((await stat(path)).mode & 0o777).toBe(0o600);
    }
    expect(await isRootAtHome(paths)).toBe(true);
  });

  it.runIf(hasOpenssl)('makes certificates and revocation lists that openssl accepts', async () => {
    const paths = await aHubHome();
    const { tls } = await loadIdentity(paths);
    const [crl, rootCrl] = await Promise.all([text(paths.tls.crl), text(paths.tls.rootCrl)]);
    expect(readCrl(crl).revoked).toEqual([]);
    const verdict = opensslVerdict({
      leaf: tls.leafPem,
      between: [tls.issuingPem],
      root: tls.rootPem,
      revocationLists: [crl, rootCrl],
      at: new Date(),
    });
    expect(verdict).toBe('OK');
  });
});

describe('a hub is not made', () => {
  it('in a directory that has anything in it, which stays as it is', async () => {
    const home = await aFolder();
    await writeFile(join(home, 'notes.txt'), 'mine');
    await expect(createHub({ home, listen: '127.0.0.1:0', clock, random })).rejects.toMatchObject({
      code: 'home-not-empty',
      message: expect.stringContaining('is not empty'),
    });
    expect(await readdir(home)).toEqual(['notes.txt']);
  });

  it('in part: what fails leaves nothing behind', async () => {
    const folder = await aFolder();
    const broken = (sizeBytes: number) => {
      // The seeds come after the authorities.
      if (sizeBytes === 32) throw new Error('no randomness');
      return random(sizeBytes);
    };
    const home = join(folder, 'lyon');
    await expect(createHub({ home, listen: '127.0.0.1:0', clock, random: broken })).rejects.toThrow(
      'no randomness',
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    ['0.0.0.0:7001', undefined, 'members cannot dial 0.0.0.0'],
    ['127.0.0.1:7001', '127.0.0.1:7001', 'name two ports'],
    ['127.0.0.1:65535', undefined, 'port 65536'],
    ['127.0.0.1', undefined, 'is not host:port'],
  ])('that listens at %s and %s', async (listen, listenEnrol, reason) => {
    const home = join(await aFolder(), 'lyon');
    await expect(createHub({ home, listen, listenEnrol, clock, random })).rejects.toMatchObject({
      code: 'bad-address',
      message: expect.stringContaining(reason),
    });
  });
});
