import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readNodeCertificate } from '../../certs/certificate.js';
import { generateNodeKey } from '../../certs/request.js';
import { type Applicant, enrol, renew } from '../../node/enrolment/client.js';
import type { InvitationFile } from '../../node/enrolment/invitation-file.js';
import { DEFAULT_QUOTA } from '../../node/hub/membership.js';
import { deriveSecrets, newSeed } from '../../node/keys/seed.js';
import { type MemberCode, parseFederationId } from '../../node/names.js';
import {
  AU,
  aMember,
  aRunningHub,
  DAY_MS,
  NL,
  type RunningHub,
  random,
  removeFolders,
} from '../hub/a-hub.js';

let hub: RunningHub;
let keyPem: string;
let otherKeyPem: string;

beforeAll(async () => {
  [keyPem, otherKeyPem] = await Promise.all([generateNodeKey(), generateNodeKey()]);
});
beforeEach(async () => {
  hub = await aRunningHub();
});
afterEach(() => hub.close());
afterAll(removeFolders);

function anApplicant(member: MemberCode = NL, more: Partial<Applicant> = {}): Applicant {
  return { member, secrets: deriveSecrets(newSeed(random)), keyPem, ...more };
}

function access(more: Partial<InvitationFile> = {}) {
  const { federation, tls } = hub.identity;
  return {
    federation: more.federation ?? federation.federation,
    address: `127.0.0.1:${hub.listener.port}`,
    rootPem: tls.rootPem,
    hubKeys: more.hub?.keys ?? federation.hub.keys,
    clock: hub.clock,
    signal: new AbortController().signal,
  };
}

const enrolWith = (invitation: InvitationFile, applicant: Applicant, listen = '') =>
  enrol(access(invitation), applicant, { token: invitation.token, listen });

const address = (code = NL) => hub.registry.state.members.get(code)?.address;

describe('enrolling', () => {
  it('admits the member with its keys and gives it a certificate of 30 days', async () => {
    const applicant = anApplicant();
    const { chain } = await enrolWith(await hub.invite(NL), applicant, '127.0.0.1:7001');
    const leaf = readNodeCertificate(chain?.leafPem ?? '');
    expect(leaf).toMatchObject({ member: NL, hosts: ['127.0.0.1'] });
    expect(leaf.notBefore.getTime()).toBeLessThan(Date.now() - 4 * 60 * 1000);
    expect(Math.abs(leaf.notAfter.getTime() - Date.now() - 30 * DAY_MS)).toBeLessThan(60_000);
    const member = hub.registry.state.members.get(NL);
    expect(member).toMatchObject({ quota: DEFAULT_QUOTA, suspended: false });
    expect(Buffer.compare(member?.keys.log ?? random(32), applicant.secrets.log.publicKey)).toBe(0);
  });

  it('is the same once more for the same token and keys: a lost reply locks nobody out', async () => {
    const [invitation, applicant] = [await hub.invite(NL), anApplicant()];
    const first = await enrolWith(invitation, applicant);
    const size = hub.registry.state.size;
    hub.clock.offsetMs += 60_000;
    expect(await enrolWith(invitation, applicant)).toEqual(first);
    expect(hub.registry.state.size).toBe(size);
  });

  it('finishes after the hub died between its steps', async () => {
    const [invitation, applicant] = [await hub.invite(NL), anApplicant()];
    const unused = await readFile(hub.paths.hub.invitations, 'utf8');
    await enrolWith(invitation, applicant);
    await hub.close();
    // As on disk when the keys were in the registry and the invitation was not marked as used.
    await writeFile(hub.paths.hub.invitations, unused);
    hub = await aRunningHub(hub.paths);
    const size = hub.registry.state.size;
    expect((await enrolWith(invitation, applicant)).chain).toBeDefined();
    expect(hub.registry.state.size).toBe(size);
    expect(hub.office.memberList().find(({ member }) => member === NL)?.invitation?.state).toBe('used');
  });

  it('of two with one token lets the first in', async () => {
    const invitation = await hub.invite(NL);
    const both = await Promise.allSettled([
      enrolWith(invitation, anApplicant()),
      enrolWith(invitation, anApplicant()),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});

describe('enrolling is refused', () => {
  it('with other keys than those that used the invitation', async () => {
    const [invitation, applicant] = [await hub.invite(NL), anApplicant()];
    const { fingerprint } = await enrolWith(invitation, applicant);
    for (const other of [anApplicant(), anApplicant(NL, { ...applicant, keyPem: otherKeyPem })]) {
      await expect(enrolWith(invitation, other)).rejects.toMatchObject({
        code: 'token-used',
        message: expect.stringContaining(`was used with other keys, fingerprint ${fingerprint}`),
      });
    }
    expect(hub.events.at(-1)).toMatchObject({
      kind: 'enrolment-refused',
      member: 'NL',
      code: 'token-used',
    });
  });

  it('with a wrong token and for a member that is not invited, in the same words', async () => {
    const invitation = await hub.invite(NL);
    const wrong = { ...invitation, token: random(32) };
    await expect(enrolWith(wrong, anApplicant())).rejects.toThrow('no invitation of NL has this token');
    await expect(enrolWith(wrong, anApplicant(AU))).rejects.toThrow('no invitation of AU has this token');
    await expect(enrolWith({ ...invitation, token: random(3) }, anApplicant())).rejects.toMatchObject({
      code: 'no-invitation',
    });
  });

  it('with a token that a later invitation has replaced', async () => {
    const earlier = await hub.invite(NL);
    await hub.invite(NL);
    await expect(enrolWith(earlier, anApplicant())).rejects.toMatchObject({ code: 'no-invitation' });
  });

  it('after the invitation expired', async () => {
    const invitation = await hub.invite(NL);
    hub.clock.offsetMs += 8 * DAY_MS;
    await expect(enrolWith(invitation, anApplicant())).rejects.toMatchObject({ code: 'invitation-expired' });
  });

  it('for another federation', async () => {
    const invitation = await hub.invite(NL);
    const other = { ...invitation, federation: parseFederationId('ab'.repeat(32)) };
    await expect(enrolWith(other, anApplicant())).rejects.toMatchObject({ code: 'wrong-federation' });
  });

  it('without possession of every key', async () => {
    const invitation = await hub.invite(NL);
    const whole = deriveSecrets(newSeed(random));
    for (const key of ['log', 'receipt', 'session', 'sealing'] as const) {
      const { publicKey } = deriveSecrets(newSeed(random))[key];
      const secrets = { ...whole, [key]: { ...whole[key], publicKey } };
      await expect(enrolWith(invitation, anApplicant(NL, { secrets }))).rejects.toThrow(
        `the proof of the ${key} key`,
      );
    }
    expect(hub.registry.state.members.has(NL)).toBe(false);
  });

  it('with keys of another member, and the registry stays as it was', async () => {
    const applicant = anApplicant();
    await enrolWith(await hub.invite(NL), applicant);
    const size = hub.registry.state.size;
    const copied = { ...applicant, member: AU };
    await expect(enrolWith(await hub.invite(AU), copied)).rejects.toThrow('the log key is in use already');
    expect(hub.registry.state.size).toBe(size);
  });

  it('with the old keys once they have been replaced', async () => {
    const [invitation, applicant] = [await hub.invite(NL), anApplicant()];
    await enrolWith(invitation, applicant);
    await enrolWith(await hub.invite(NL, { replace: true }), anApplicant());
    await expect(enrolWith(invitation, applicant)).rejects.toMatchObject({ code: 'no-invitation' });
  });
});

describe('inviting is refused', () => {
  it('for a member, unless its keys are to be replaced', async () => {
    await aMember(hub, await hub.invite(NL));
    await expect(hub.invite(NL)).rejects.toThrow('NL is a member already; --replace invites it to new keys');
    expect((await hub.invite(NL, { replace: true })).member).toBe(NL);
  });

  it('to replace the keys of who has none, and of the hub', async () => {
    await expect(hub.invite(AU, { replace: true })).rejects.toThrow('AU is not a member yet');
    const lyon = hub.identity.member;
    await expect(hub.invite(lyon, { replace: true })).rejects.toThrow('icse hub rotate');
  });

  it.each([
    { name: 'two\nlines' },
    { name: '' },
    { quota: { entries: 0, bytes: 1 } },
    { address: '192.0.2.7' },
  ])('with %j', async (wrong) => {
    await expect(hub.invite(NL, wrong)).rejects.toMatchObject({ code: expect.stringMatching(/^bad-/) });
    expect(hub.office.memberList()).toHaveLength(1);
  });
});

describe('the address in the registry', () => {
  it.each([
    ['loopback', '127.0.0.1:7001', '127.0.0.1:7001'],
    ['localhost', 'localhost:7001', 'localhost:7001'],
    ['an address from which it does not call, which waits', '192.0.2.7:7001', ''],
    ['all interfaces, which waits', '0.0.0.0:7001', ''],
    ['nowhere', '', ''],
  ])('of a node that listens at %s', async (_where, listen, expected) => {
    await enrolWith(await hub.invite(NL), anApplicant(), listen);
    expect(address()).toBe(expected);
    const waiting = expected === '' ? listen : '';
    expect(hub.events.find(({ kind }) => kind === 'admitted')).toMatchObject({ waiting });
  });

  it('is the one that the operator named, whatever the node says', async () => {
    await enrolWith(
      await hub.invite(NL, { address: 'nl.icse.example:7001' }),
      anApplicant(),
      '127.0.0.1:7001',
    );
    expect(address()).toBe('nl.icse.example:7001');
  });
});

describe('an invitation that must be confirmed', () => {
  it('gives a fingerprint and no certificate until the operator has typed it', async () => {
    const [invitation, applicant] = [await hub.invite(NL, { confirm: true }), anApplicant()];
    const { fingerprint, chain } = await enrolWith(invitation, applicant);
    expect(fingerprint).toMatch(/^(?:[0-9a-f]{4}-){7}[0-9a-f]{4}$/);
    expect(chain).toBeUndefined();
    expect(hub.registry.state.members.has(NL)).toBe(false);
    await hub.office.enrolment.confirm(NL, fingerprint.toUpperCase().replaceAll('-', ' '));
    expect((await enrolWith(invitation, applicant)).chain).toBeDefined();
    await hub.office.enrolment.confirm(NL, fingerprint);
  });

  it('is not confirmed with another fingerprint, or before it was used', async () => {
    const invitation = await hub.invite(NL, { confirm: true });
    const some = 'ab'.repeat(16);
    const confirm = (typed: string, code = NL) => hub.office.enrolment.confirm(code, typed);
    await expect(confirm(some)).rejects.toThrow('NL has not used its invitation yet');
    await expect(confirm(some, AU)).rejects.toThrow('AU has no invitation that is valid');
    await enrolWith(invitation, anApplicant());
    await expect(confirm(some)).rejects.toThrow('this is not the fingerprint of the keys that used');
    await expect(confirm('1f3a')).rejects.toMatchObject({ code: 'bad-fingerprint' });
    hub.clock.offsetMs += 8 * DAY_MS;
    await expect(confirm(some)).rejects.toMatchObject({ code: 'no-invitation' });
  });

  it('refuses other keys while it waits', async () => {
    const invitation = await hub.invite(NL, { confirm: true });
    await enrolWith(invitation, anApplicant());
    await expect(enrolWith(invitation, anApplicant())).rejects.toMatchObject({ code: 'token-used' });
  });
});

describe('renewing', () => {
  it('works for a node that was off for months, by its session key', async () => {
    hub.clock.offsetMs = -40 * DAY_MS;
    const applicant = anApplicant();
    const { chain } = await enrolWith(await hub.invite(NL, { address: '127.0.0.1:7001' }), applicant);
    hub.clock.offsetMs = 0;
    expect(readNodeCertificate(chain?.leafPem ?? '').notAfter.getTime()).toBeLessThan(Date.now());
    const renewed = readNodeCertificate((await renew(access(), applicant)).leafPem);
    expect(renewed.notAfter.getTime()).toBeGreaterThan(Date.now() + 29 * DAY_MS);
    expect(hub.events.at(-1)).toMatchObject({ kind: 'certified', by: 'renewal', serial: renewed.serial });
  });

  it('is refused to who is suspended or no member, with another key, and with a wrong clock', async () => {
    const applicant = anApplicant();
    await enrolWith(await hub.invite(NL), applicant);
    const thief = anApplicant(NL, { secrets: deriveSecrets(newSeed(random)) });
    await expect(renew(access(), thief)).rejects.toMatchObject({ code: 'bad-proof' });
    await expect(renew(access(), anApplicant(AU))).rejects.toMatchObject({ code: 'unknown-member' });
    const late = { ...access(), clock: { ...hub.clock, now: () => Date.now() - 11 * 60 * 1000 } };
    await expect(renew(late, applicant)).rejects.toThrow(
      /the clock of NL says \S+Z and the hub's \S+Z: more than 10/,
    );
    await hub.office.suspend(NL);
    await expect(renew(access(), applicant)).rejects.toThrow('NL is suspended: speak to Lyon');
  });

  it('does not go on without end', async () => {
    const applicant = anApplicant();
    await enrolWith(await hub.invite(NL), applicant);
    await hub.close();
    const path = hub.paths.hub.certificates;
    const record = JSON.parse(await readFile(path, 'utf8'));
    const last = record.certificates.at(-1);
    // Two hours ago, so that the last one is not simply given again.
    const issuedAt = new Date(Date.now() - 2 * 3_600_000).toISOString();
    const more = Array.from({ length: 64 }, (_, i) => ({
      ...last,
      issuedAt,
      serial: `${i}`.padStart(32, '0'),
    }));
    await writeFile(path, JSON.stringify({ ...record, certificates: [...record.certificates, ...more] }));
    hub = await aRunningHub(hub.paths);
    await expect(renew(access(), applicant)).rejects.toMatchObject({ code: 'too-many-certificates' });
  });
});
