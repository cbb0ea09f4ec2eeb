import { cp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyNodeCertificate } from '../../certs/certificate.js';
import { readCrl } from '../../certs/revocation.js';
import { decodeCertificate } from '../../certs/x509.js';
import { loadIdentity } from '../../node/home/identity.js';
import { type HomePaths, homePaths } from '../../node/home/layout.js';
import { newEpoch } from '../../node/hub/new-epoch.js';
import { rootCrl } from '../../node/hub/root-crl.js';
import { rotateHub } from '../../node/hub/rotate-hub.js';
import { Logs } from '../../node/log/logs.js';
import { LYON, logName } from '../../node/names.js';
import { Registry } from '../../node/registry/registry.js';
import { openLevelStore } from '../../node/store/level-store.js';
import { openCheckpoint } from '../../node/tlog/checkpoint.js';
import { ed25519Verifier } from '../../node/tlog/note.js';
import { AU, aClock, aFolder, aHubHome, aMember, aRunningHub, NL, random, removeFolders } from './a-hub.js';

const clock = aClock();
let lived: HomePaths;

/** A hub with NL, suspended at 2 of 3 entries, and AU with 5; stopped, its root moved away. */
beforeAll(async () => {
  const hub = await aRunningHub();
  const dutch = await aMember(hub, await hub.invite(NL));
  const australian = await aMember(hub, await hub.invite(AU));
  const { federation } = hub.identity.federation;
  await hub.grow(logName(federation, NL), dutch, 3);
  await hub.grow(logName(federation, AU), australian, 5);
  await hub.office.suspend(NL, { at: 2 });
  await hub.close();
  lived = hub.paths;
});
afterAll(removeFolders);

async function aStoppedHub() {
  const folder = await aFolder();
  const paths = homePaths(join(folder, 'lyon'));
  await cp(lived.home, paths.home, { recursive: true });
  const root = join(folder, 'root');
  await rename(paths.root.directory, root);
  return { paths, root, clock, random };
}

async function registryOf(paths: HomePaths) {
  const { anchors } = await loadIdentity(paths);
  const store = await openLevelStore(paths.logs);
  const registry = await Registry.open(store, anchors);
  const logs = await Logs.open(store, registry);
  await store.close();
  return { registry, logs, state: registry.state };
}

const hex = (bytes: Uint8Array = new Uint8Array()) => Buffer.from(bytes).toString('hex');
const crl = async (path: string) => readCrl(await readFile(path, 'utf8'));

describe('the list of the root', () => {
  it('is made anew with a higher number', async () => {
    const hub = await aStoppedHub();
    const before = await crl(hub.paths.tls.rootCrl);
    await rootCrl(hub);
    const after = await crl(hub.paths.tls.rootCrl);
    expect(after.number).toBeGreaterThan(before.number);
    expect(after.nextUpdate.getTime()).toBeGreaterThan(before.nextUpdate.getTime());
    expect(after.revoked).toEqual([]);
  });

  it('is not made without the last one, which says what was revoked', async () => {
    const hub = await aStoppedHub();
    await rm(hub.paths.tls.rootCrl);
    await expect(rootCrl(hub)).rejects.toThrow('restore it from a copy');
  });
});

describe('rotating the hub', () => {
  it('gives it new keys that the registry has, a new log, and a new certificate', async () => {
    const hub = await aStoppedHub();
    const before = await loadIdentity(hub.paths);
    await rotateHub(hub);
    const after = await loadIdentity(hub.paths);
    expect(after.secrets.log.publicKey).not.toEqual(before.secrets.log.publicKey);
    expect(after.tls.keyPem).not.toBe(before.tls.keyPem);
    const { state, registry } = await registryOf(hub.paths);
    expect(hex(state.members.get(LYON)?.keys.session)).toBe(hex(after.secrets.session.publicKey));
    expect(state.members.get(LYON)?.log).toBe(logName(state.federation, LYON, 2));
    const note = registry.log.checkpoint?.note ?? new Uint8Array();
    const byNewKey = ed25519Verifier(registry.log.name, after.secrets.log.publicKey);
    expect(openCheckpoint(note, byNewKey).size).toBe(state.size);
    const serial = decodeCertificate(before.tls.leafPem).serial;
    expect((await crl(hub.paths.tls.crl)).revoked).toContainEqual(
      expect.objectContaining({ serial, reason: 'superseded' }),
    );
    const running = await aRunningHub(hub.paths);
    await running.close();
  });

  it('replaces and revokes the issuing authority as well when the keys were stolen', async () => {
    const hub = await aStoppedHub();
    const before = await loadIdentity(hub.paths);
    await rotateHub({ ...hub, stolen: true });
    const { tls } = await loadIdentity(hub.paths);
    const serial = decodeCertificate(before.tls.issuingPem).serial;
    expect((await crl(hub.paths.tls.rootCrl)).revoked).toMatchObject([{ serial, reason: 'cACompromise' }]);
    expect(tls.issuingPem).not.toBe(before.tls.issuingPem);
    const certificates = { leaf: tls.leafPem, issuing: tls.issuingPem, root: tls.rootPem, now: new Date() };
    expect(verifyNodeCertificate(certificates).member).toBe(LYON);
    expect((await crl(hub.paths.tls.crl)).revoked).toEqual([]);
    const running = await aRunningHub(hub.paths);
    await aMember(running, await running.invite(NL, { replace: true }));
    await running.close();
  });

  it('goes on with the same new keys when it was interrupted, and the hub does not start meanwhile', async () => {
    const hub = await aStoppedHub();
    // The disk fails after the registry has the new keys.
    const certificates = await readFile(hub.paths.hub.certificates);
    await writeFile(hub.paths.hub.certificates, '{');
    await expect(rotateHub(hub)).rejects.toMatchObject({ code: 'bad-document' });
    await writeFile(hub.paths.hub.certificates, certificates);
    const { size } = (await registryOf(hub.paths)).state;
    await expect(aRunningHub(hub.paths)).rejects.toMatchObject({ code: 'rotation-unfinished' });
    await expect(newEpoch(hub)).rejects.toMatchObject({ code: 'rotation-unfinished' });
    await rotateHub(hub);
    const { state } = await registryOf(hub.paths);
    expect(state.size).toBe(size);
    const running = await aRunningHub(hub.paths);
    await running.close();
  });

  it('makes invitations that were given before useless, and says so', async () => {
    const hub = await aStoppedHub();
    const before = await aRunningHub(hub.paths);
    const invitation = await before.invite(NL, { replace: true });
    await before.close();
    await rotateHub(hub);
    const running = await aRunningHub(hub.paths);
    const enrolment = `127.0.0.1:${running.listener.port}`;
    const joining = aMember(running, { ...invitation, hub: { ...invitation.hub, enrolment } });
    await expect(joining).rejects.toThrow("if Lyon's own keys were changed, ask it for a new invitation");
    await running.close();
  });
});

describe('a new epoch', () => {
  it('admits everybody anew with their earlier logs, and suspends who was suspended', async () => {
    const hub = await aStoppedHub();
    const before = await registryOf(hub.paths);
    const { federation } = before.state;
    expect(await newEpoch(hub)).toEqual({ log: logName(federation, undefined, 2), members: [LYON, NL, AU] });
    const { state, logs, registry } = await registryOf(hub.paths);
    expect(registry.log.name).toBe(logName(federation, undefined, 2));
    expect(state.members.get(NL)).toMatchObject({ suspended: true, log: logName(federation, NL, 2) });
    expect(state.members.get(AU)).toMatchObject({ suspended: false, log: logName(federation, AU, 2) });
    expect(state.members.get(AU)?.keys).toEqual(before.state.members.get(AU)?.keys);
    expect(state.logs.get(logName(federation, NL))?.cut?.size).toBe(2);
    const closed = state.logs.get(logName(federation, AU))?.cut;
    expect(closed?.size).toBe(5);
    expect(hex(closed?.root)).toBe(hex(logs.get(logName(federation, AU))?.root));
    expect(state.logs.get(logName(federation, NL, 2))?.cut?.size).toBe(0);
    const running = await aRunningHub(hub.paths);
    await running.office.reinstate(NL);
    expect(running.registry.state.members.get(NL)?.suspended).toBe(false);
    await running.close();
  });
});

it('a hub that loses its logs after a new epoch asks for the registry of that epoch', async () => {
  const hub = await aStoppedHub();
  await newEpoch(hub);
  await rm(hub.paths.logs, { recursive: true });
  const { registry } = await registryOf(hub.paths);
  expect(registry.log.name).toBe(logName(registry.anchors.federation, undefined, 2));
  expect(registry.log.size).toBe(0);
});

describe('what only the root may do is refused', () => {
  it('while the hub runs', async () => {
    const hub = await aStoppedHub();
    const running = await aRunningHub(hub.paths);
    await expect(newEpoch(hub)).rejects.toMatchObject({ code: 'store-locked' });
    await running.close();
  });

  it('with the root of another federation, or without a root', async () => {
    const hub = await aStoppedHub();
    await writeFile(join(hub.root, 'root.seed'), await readFile(hub.paths.seed), { mode: 0o600 });
    await expect(rotateHub(hub)).rejects.toThrow('is not the root key of this federation');
    await writeFile(join(hub.root, 'root.key'), await readFile(hub.paths.hub.issuingKey), { mode: 0o600 });
    await expect(rotateHub(hub)).rejects.toThrow('is not the key of');
    await writeFile(join(hub.root, 'root.pem'), await readFile(hub.paths.hub.issuing));
    await expect(rotateHub(hub)).rejects.toMatchObject({ code: 'bad-certificate' });
    await expect(rootCrl({ ...hub, root: '/nowhere' })).rejects.toThrow('root.pem is missing');
  });

  it("in a member's home", async () => {
    const hub = await aRunningHub(await aHubHome());
    await aMember(hub, await hub.invite(NL));
    const federation = JSON.parse(await readFile(hub.paths.federation, 'utf8'));
    await hub.close();
    await writeFile(hub.paths.federation, JSON.stringify({ ...federation, member: 'NL' }), { mode: 0o600 });
    const options = { paths: hub.paths, root: hub.paths.root.directory, clock, random };
    await expect(newEpoch(options)).rejects.toMatchObject({ code: 'not-the-hub' });
  });
});
