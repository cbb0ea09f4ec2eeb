import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InvitationFile } from '../../node/enrolment/invitation-file.js';
import { type JoinOptions, join } from '../../node/enrolment/join.js';
import { listenEnrolment } from '../../node/enrolment/server.js';
import { readConfig } from '../../node/home/config.js';
import { loadIdentity } from '../../node/home/identity.js';
import { homePaths } from '../../node/home/layout.js';
import {
  AU,
  aBegunHome,
  aFolder,
  aMember,
  aRunningHub,
  DAY_MS,
  NL,
  type RunningHub,
  random,
  removeFolders,
} from '../hub/a-hub.js';

let hub: RunningHub;
let home: string;

beforeEach(async () => {
  hub = await aRunningHub();
  home = joinPath(await aFolder(), 'nl');
});
afterEach(() => hub.close());
afterAll(removeFolders);

function joinWith(invitation: InvitationFile, more: Partial<JoinOptions> = {}) {
  const signal = new AbortController().signal;
  return join({ home, invitation, clock: hub.clock, random, onFingerprint: () => {}, signal, ...more });
}

/** Joins, and is stopped when the hub has done its part: the reply does not arrive. */
async function loseReply(invitation: InvitationFile): Promise<void> {
  const stop = new AbortController();
  hub.afterEnrol = () => stop.abort();
  await expect(joinWith(invitation, { listen: '127.0.0.1:0', signal: stop.signal })).rejects.toMatchObject({
    code: 'join-stopped',
  });
  hub.afterEnrol = () => {};
}

describe('joining', () => {
  it('makes a home that knows who it is, listens where it was told, and nobody else can read', async () => {
    const seen: [string, boolean][] = [];
    const joined = await joinWith(await hub.invite(NL), {
      listen: '127.0.0.1:0',
      onFingerprint: (fingerprint, waits) => seen.push([fingerprint, waits]),
    });
    const paths = homePaths(home);
    const { member, federation } = await loadIdentity(paths);
    expect({ member, id: federation.federation }).toEqual({ member: NL, id: joined.federation });
    expect((await readConfig(paths.config)).listen).toBe(joined.listen);
    expect(hub.registry.state.members.get(NL)?.address).toBe(joined.listen);
    expect((await stat(home)).mode & 0o777).toBe(0o700);
    expect((await stat(paths.seed)).mode & 0o777).toBe(0o600);
    expect((await stat(paths.tls.key)).mode & 0o777).toBe(0o600);
    expect((await readdir(home)).sort()).toEqual(['federation.json', 'icse.yaml', 'keys', 'tls']);
    expect(seen).toEqual([[expect.stringMatching(/^[0-9a-f]{4}-/), false]]);
  });

  it('without --listen makes a node that only dials', async () => {
    const invitation = await hub.invite(NL);
    ({ home } = await aBegunHome(invitation));
    await joinWith(invitation);
    expect((await readConfig(homePaths(home).config)).listen).toBeUndefined();
  });

  it('run again after a lost reply finishes with the same keys and the same port', async () => {
    const invitation = await hub.invite(NL);
    await loseReply(invitation);
    const seed = await readFile(homePaths(home).seed, 'utf8');
    expect(hub.registry.state.members.has(NL)).toBe(true);
    const begun = JSON.parse(await readFile(homePaths(home).joining, 'utf8'));
    const joined = await joinWith(invitation);
    expect(joined.listen).toBe(begun.listen);
    expect(await readFile(homePaths(home).seed, 'utf8')).toBe(seed);
    expect((await loadIdentity(homePaths(home))).member).toBe(NL);
  });

  it('waits for the operator, tells the fingerprint once, and goes on when it is confirmed', async () => {
    const seen: [string, boolean][] = [];
    const joined = joinWith(await hub.invite(NL, { confirm: true }), {
      onFingerprint: (fingerprint, waits) => seen.push([fingerprint, waits]),
      // Asks again at once.
      clock: { ...hub.clock, after: (_ms, act) => hub.clock.after(5, act) },
    });
    await expect
      .poll(() => hub.events.filter(({ kind }) => kind === 'enrolment-waits').length)
      .toBeGreaterThan(2);
    await hub.office.enrolment.confirm(NL, seen[0]?.[0] ?? '');
    expect((await joined).member).toBe(NL);
    expect(seen).toEqual([[expect.any(String), true]]);
  });
});

describe('joining is refused', () => {
  it('in a home that has joined', async () => {
    const invitation = await hub.invite(NL);
    ({ home } = await aBegunHome(invitation));
    await joinWith(invitation);
    await expect(joinWith(await hub.invite(NL, { replace: true }))).rejects.toThrow(
      'is the home of NL already: run icse start, or join with a new invitation in a new home',
    );
    await expect(joinWith(await hub.invite(AU))).rejects.toMatchObject({ code: 'other-identity' });
    expect((await loadIdentity(homePaths(home))).member).toBe(NL);
  });

  it('in the home of the hub', async () => {
    const options = { home: hub.paths.home };
    await expect(joinWith(await hub.invite(NL), options)).rejects.toThrow('is the home of LYON');
  });

  it('as another member where a join was begun', async () => {
    await loseReply(await hub.invite(NL));
    await expect(joinWith(await hub.invite(AU))).rejects.toThrow('another join was begun, as NL');
    await expect(loadIdentity(homePaths(home))).rejects.toThrow('run the same icse join again');
  });

  it('in a directory that has other things in it', async () => {
    home = await aFolder();
    await writeFile(joinPath(home, 'notes.txt'), 'mine');
    await expect(joinWith(await hub.invite(NL))).rejects.toMatchObject({ code: 'home-not-empty' });
  });

  it('by the hub, in its words, and keeps the keys for the next invitation', async () => {
    const invitation = await hub.invite(NL);
    const wrong = joinWith({ ...invitation, token: random(32) });
    await expect(wrong).rejects.toThrow(
      'the hub refuses: no invitation of NL has this token: ask Lyon for a new one',
    );
    const seed = await readFile(homePaths(home).seed, 'utf8');
    await joinWith(invitation);
    expect(await readFile(homePaths(home).seed, 'utf8')).toBe(seed);
  });

  it('when nobody answers', async () => {
    const invitation = await hub.invite(NL);
    const nobody = { ...invitation, hub: { ...invitation.hub, enrolment: '127.0.0.1:1' } };
    await expect(joinWith(nobody)).rejects.toMatchObject({
      code: 'hub-unreachable',
      message: expect.stringContaining("the hub's enrolment at 127.0.0.1:1 does not answer"),
    });
  });

  it('when another member answers in the place of the hub', async () => {
    const { tls } = await aMember(hub, await hub.invite(NL));
    const listener = await listenEnrolment({
      address: { host: '127.0.0.1', port: 0 },
      identity: tls,
      handlers: hub.office.enrolment,
      clock: hub.clock,
      onError: () => {},
    });
    const invitation = await hub.invite(AU);
    const enrolment = `127.0.0.1:${listener.port}`;
    const lured = joinWith({ ...invitation, hub: { ...invitation.hub, enrolment } });
    await expect(lured).rejects.toThrow('dialled LYON, but NL answered');
    await listener.close();
  });

  it('when the clock here is not that of the hub', async () => {
    const clock = { ...hub.clock, now: () => Date.now() - DAY_MS };
    await expect(joinWith(await hub.invite(NL), { clock })).rejects.toThrow(
      /the certificate of "NL" begins at/,
    );
  });

  it('at an address that is none', async () => {
    await expect(joinWith(await hub.invite(NL), { listen: 'here' })).rejects.toMatchObject({
      code: 'bad-address',
    });
  });
});
