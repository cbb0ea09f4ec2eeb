import { chmod, readFile, writeFile } from 'node:fs/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { generateNodeKey } from '../../certs/request.js';
import { loadIdentity } from '../../node/home/identity.js';
import { homePaths } from '../../node/home/layout.js';
import { writeSeedFile } from '../../node/keys/seed-file.js';
import { LYON } from '../../node/names.js';
import { aFolder, aHubHome, aMember, aRunningHub, NL, random, removeFolders } from '../hub/a-hub.js';

afterAll(removeFolders);

describe('the identity of a home', () => {
  it('has the keys, the TLS files and what the registry is checked against', async () => {
    const { member, federation, secrets, tls, anchors } = await loadIdentity(await aHubHome());
    expect(member).toBe(LYON);
    expect(anchors).toEqual({
      federation: federation.federation,
      member: LYON,
      rootKey: federation.rootKey,
      hubKeys: federation.hub.keys,
      generation: 1,
    });
    expect(federation.hub.keys.log).toEqual(secrets.log.publicKey);
    for (const pem of [tls.leafPem, tls.issuingPem, tls.rootPem]) {
      expect(pem).toMatch(/^-----BEGIN CERTIFICATE-----\n[^-]+-----END CERTIFICATE-----\n$/);
    }
  });

  it('opens with the passphrase alone when it was made with one', async () => {
    const paths = { ...(await aHubHome()), seed: `${await aFolder()}/seed` };
    await writeSeedFile(paths.seed, random(32), { passphrase: 'tulips', random });
    await expect(loadIdentity(paths)).rejects.toMatchObject({ code: 'seed-passphrase' });
    expect((await loadIdentity(paths, 'tulips')).member).toBe(LYON);
  });
});

describe('an identity is refused', () => {
  it("in a directory that is nobody's home", async () => {
    const paths = homePaths(await aFolder());
    await expect(loadIdentity(paths)).rejects.toMatchObject({
      code: 'no-identity',
      message: expect.stringContaining('run icse hub create or icse join first'),
    });
  });

  it('when files of two homes are mixed', async () => {
    const hub = await aRunningHub();
    const dutch = await aMember(hub, await hub.invite(NL));
    await hub.close();
    await writeFile(hub.paths.tls.key, dutch.tls.keyPem);
    await writeFile(hub.paths.tls.node, dutch.tls.leafPem + dutch.tls.issuingPem);
    await expect(loadIdentity(hub.paths)).rejects.toThrow('is the certificate of NL');
    await writeFile(hub.paths.tls.root, dutch.tls.issuingPem);
    await expect(loadIdentity(hub.paths)).rejects.toMatchObject({
      code: expect.stringMatching(/certificate|identity/),
    });
  });

  it('when the TLS key is another, or a certificate is missing', async () => {
    const paths = await aHubHome();
    const chain = await readFile(paths.tls.node, 'utf8');
    await writeFile(paths.tls.key, await generateNodeKey());
    await expect(loadIdentity(paths)).rejects.toThrow('is not the key of');
    await writeFile(paths.tls.node, chain.slice(0, chain.indexOf('-----END') + 26));
    await expect(loadIdentity(paths)).rejects.toThrow('must hold two certificates');
  });

  it('when others can read its keys', async () => {
    const paths = await aHubHome();
    await chmod(paths.tls.key, 0o644);
    await expect(loadIdentity(paths)).rejects.toThrow(`others can use ${paths.tls.key}: run chmod 600`);
    await chmod(paths.tls.key, 0o600);
    await chmod(paths.seed, 0o640);
    await expect(loadIdentity(paths)).rejects.toMatchObject({ code: 'seed-permissions' });
  });

  it('when federation.json was changed by hand', async () => {
    const paths = await aHubHome();
    const text = await readFile(paths.federation, 'utf8');
    const change = async (from: string | RegExp, to: string) => {
      await writeFile(paths.federation, text.replace(from, to));
      return loadIdentity(paths);
    };
    await expect(change('"LYON"', '"UK"')).rejects.toThrow('member: member code UK');
    await expect(change('"version"', '"versio"')).rejects.toMatchObject({ code: 'bad-document' });
    await expect(change('{', '')).rejects.toThrow('is damaged');
    const otherKey = Buffer.alloc(32, 7).toString('base64');
    await expect(change(/"rootKey": "[^"]+"/, `"rootKey": "${otherKey}"`)).rejects.toThrow(
      'does not vouch for the root key',
    );
  });
});
