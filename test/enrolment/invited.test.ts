import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readNodeCertificate } from '../../certs/certificate.js';
import { deriveSecrets, newSeed } from '../../node/keys/seed.js';
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
import { anApplicant, enrolAt, renewAt } from './applicant.js';

let hub: RunningHub;

beforeEach(async () => {
  hub = await aRunningHub();
});
afterEach(() => hub.close());
afterAll(removeFolders);

const address = (code = NL) => hub.registry.state.members.get(code)?.address;

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
    await enrolAt(hub, await hub.invite(NL), await anApplicant(), listen);
    expect(address()).toBe(expected);
    const waiting = expected === '' ? listen : '';
    expect(hub.events.find(({ kind }) => kind === 'admitted')).toMatchObject({ waiting });
  });

  it('is the one that the operator named, whatever the node says', async () => {
    await enrolAt(
      hub,
      await hub.invite(NL, { address: 'nl.icse.example:7001' }),
      await anApplicant(),
      '127.0.0.1:7001',
    );
    expect(address()).toBe('nl.icse.example:7001');
  });
});

describe('an invitation that must be confirmed', () => {
  it('gives a fingerprint and no certificate until the operator has typed it', async () => {
    const [invitation, applicant] = [await hub.invite(NL, { confirm: true }), await anApplicant()];
    const { fingerprint, chain } = await enrolAt(hub, invitation, applicant);
    expect(fingerprint).toMatch(/^(?:[0-9a-f]{4}-){7}[0-9a-f]{4}$/);
    expect(chain).toBeUndefined();
    expect(hub.registry.state.members.has(NL)).toBe(false);
    await hub.office.enrolment.confirm(NL, fingerprint.toUpperCase().replaceAll('-', ' '));
    expect((await enrolAt(hub, invitation, applicant)).chain).toBeDefined();
    await hub.office.enrolment.confirm(NL, fingerprint);
  });

  it('is not confirmed with another fingerprint, or before it was used', async () => {
    const invitation = await hub.invite(NL, { confirm: true });
    const some = 'ab'.repeat(16);
    const confirm = (typed: string, code = NL) => hub.office.enrolment.confirm(code, typed);
    await expect(confirm(some)).rejects.toThrow('NL has not used its invitation yet');
    await expect(confirm(some, AU)).rejects.toThrow('AU has no invitation that is valid');
    await enrolAt(hub, invitation, await anApplicant());
    await expect(confirm(some)).rejects.toThrow('this is not the fingerprint of the keys that used');
    await expect(confirm('1f3a')).rejects.toMatchObject({ code: 'bad-fingerprint' });
    hub.clock.offsetMs += 8 * DAY_MS;
    await expect(confirm(some)).rejects.toMatchObject({ code: 'no-invitation' });
  });

  it('refuses other keys while it waits', async () => {
    const invitation = await hub.invite(NL, { confirm: true });
    await enrolAt(hub, invitation, await anApplicant());
    await expect(enrolAt(hub, invitation, await anApplicant())).rejects.toMatchObject({ code: 'token-used' });
  });
});

describe('renewing', () => {
  it('works for a node that was off for months, by its session key', async () => {
    hub.clock.offsetMs = -40 * DAY_MS;
    const applicant = await anApplicant();
    const { chain } = await enrolAt(hub, await hub.invite(NL, { address: '127.0.0.1:7001' }), applicant);
    hub.clock.offsetMs = 0;
    expect(readNodeCertificate(chain?.leafPem ?? '').notAfter.getTime()).toBeLessThan(Date.now());
    const renewed = readNodeCertificate((await renewAt(hub, applicant)).leafPem);
    expect(renewed.notAfter.getTime()).toBeGreaterThan(Date.now() + 29 * DAY_MS);
    expect(hub.events.at(-1)).toMatchObject({ kind: 'certified', by: 'renewal', serial: renewed.serial });
  });

  it('is refused to who is suspended or no member, with another key, and with a wrong clock', async () => {
    const applicant = await anApplicant();
    await enrolAt(hub, await hub.invite(NL), applicant);
    const thief = await anApplicant(NL, { secrets: deriveSecrets(newSeed(random)) });
    await expect(renewAt(hub, thief)).rejects.toMatchObject({ code: 'bad-proof' });
    await expect(renewAt(hub, await anApplicant(AU))).rejects.toMatchObject({ code: 'unknown-member' });
    const late = { ...hub.clock, now: () => Date.now() - 11 * 60 * 1000 };
    await expect(renewAt(hub, applicant, late)).rejects.toThrow(
      /the clock of NL says \S+Z and the hub's \S+Z: more than 10/,
    );
    await hub.office.suspend(NL);
    await expect(renewAt(hub, applicant)).rejects.toThrow('NL is suspended: speak to Lyon');
  });

  it('does not go on without end', async () => {
    const applicant = await anApplicant();
    await enrolAt(hub, await hub.invite(NL), applicant);
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
    await expect(renewAt(hub, applicant)).rejects.toMatchObject({ code: 'too-many-certificates' });
  });
});
