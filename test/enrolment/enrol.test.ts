import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readNodeCertificate } from '../../certs/certificate.js';
import { generateNodeKey } from '../../certs/request.js';
import { DEFAULT_QUOTA } from '../../node/hub/membership.js';
import { deriveSecrets, newSeed } from '../../node/keys/seed.js';
import { parseFederationId } from '../../node/names.js';
import { AU, aRunningHub, DAY_MS, NL, type RunningHub, random, removeFolders } from '../hub/a-hub.js';
import { anApplicant, enrolAt } from './applicant.js';

let hub: RunningHub;

beforeEach(async () => {
  hub = await aRunningHub();
});
afterEach(() => hub.close());
afterAll(removeFolders);

describe('enrolling', () => {
  it('admits the member with its keys and gives it a certificate of 30 days', async () => {
    const applicant = await anApplicant();
    const { chain } = await enrolAt(hub, await hub.invite(NL), applicant, '127.0.0.1:7001');
    const leaf = readNodeCertificate(chain?.leafPem ?? '');
    expect(leaf).toMatchObject({ member: NL, hosts: ['127.0.0.1'] });
    expect(leaf.notBefore.getTime()).toBeLessThan(Date.now() - 4 * 60 * 1000);
    expect(Math.abs(leaf.notAfter.getTime() - Date.now() - 30 * DAY_MS)).toBeLessThan(60_000);
    const member = hub.registry.state.members.get(NL);
    expect(member).toMatchObject({ quota: DEFAULT_QUOTA, suspended: false });
    expect(Buffer.compare(member?.keys.log ?? random(32), applicant.secrets.log.publicKey)).toBe(0);
  });

  it('is the same once more for the same token and keys: a lost reply locks nobody out', async () => {
    const [invitation, applicant] = [await hub.invite(NL), await anApplicant()];
    const first = await enrolAt(hub, invitation, applicant);
    const size = hub.registry.state.size;
    hub.clock.offsetMs += 60_000;
    expect(await enrolAt(hub, invitation, applicant)).toEqual(first);
    expect(hub.registry.state.size).toBe(size);
  });

  it('finishes after the hub died between its steps', async () => {
    const [invitation, applicant] = [await hub.invite(NL), await anApplicant()];
    const unused = await readFile(hub.paths.hub.invitations, 'utf8');
    await enrolAt(hub, invitation, applicant);
    await hub.close();
    // As on disk when the keys were in the registry and the invitation was not marked as used.
    await writeFile(hub.paths.hub.invitations, unused);
    hub = await aRunningHub(hub.paths);
    const size = hub.registry.state.size;
    expect((await enrolAt(hub, invitation, applicant)).chain).toBeDefined();
    expect(hub.registry.state.size).toBe(size);
    expect(hub.office.memberList().find(({ member }) => member === NL)?.invitation?.state).toBe('used');
  });

  it('of two with one token lets the first in', async () => {
    const invitation = await hub.invite(NL);
    const both = await Promise.allSettled([
      enrolAt(hub, invitation, await anApplicant()),
      enrolAt(hub, invitation, await anApplicant()),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});

describe('enrolling is refused', () => {
  it('with other keys than those that used the invitation', async () => {
    const [invitation, applicant] = [await hub.invite(NL), await anApplicant()];
    const { fingerprint } = await enrolAt(hub, invitation, applicant);
    for (const other of [
      await anApplicant(),
      await anApplicant(NL, { ...applicant, keyPem: await generateNodeKey() }),
    ]) {
      await expect(enrolAt(hub, invitation, other)).rejects.toMatchObject({
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
    await expect(enrolAt(hub, wrong, await anApplicant())).rejects.toThrow(
      'no invitation of NL has this token',
    );
    await expect(enrolAt(hub, wrong, await anApplicant(AU))).rejects.toThrow(
      'no invitation of AU has this token',
    );
    await expect(
      enrolAt(hub, { ...invitation, token: random(3) }, await anApplicant()),
    ).rejects.toMatchObject({
      code: 'no-invitation',
    });
  });

  it('with a token that a later invitation has replaced', async () => {
    const earlier = await hub.invite(NL);
    await hub.invite(NL);
    await expect(enrolAt(hub, earlier, await anApplicant())).rejects.toMatchObject({ code: 'no-invitation' });
  });

  it('after the invitation expired', async () => {
    const invitation = await hub.invite(NL);
    hub.clock.offsetMs += 8 * DAY_MS;
    await expect(enrolAt(hub, invitation, await anApplicant())).rejects.toMatchObject({
      code: 'invitation-expired',
    });
  });

  it('for another federation', async () => {
    const invitation = await hub.invite(NL);
    const other = { ...invitation, federation: parseFederationId('ab'.repeat(32)) };
    await expect(enrolAt(hub, other, await anApplicant())).rejects.toMatchObject({
      code: 'wrong-federation',
    });
  });

  it('without possession of every key', async () => {
    const invitation = await hub.invite(NL);
    const whole = deriveSecrets(newSeed(random));
    for (const key of ['log', 'receipt', 'session', 'sealing'] as const) {
      const { publicKey } = deriveSecrets(newSeed(random))[key];
      const secrets = { ...whole, [key]: { ...whole[key], publicKey } };
      await expect(enrolAt(hub, invitation, await anApplicant(NL, { secrets }))).rejects.toThrow(
        `the proof of the ${key} key`,
      );
    }
    expect(hub.registry.state.members.has(NL)).toBe(false);
  });

  it('with keys of another member, and the registry stays as it was', async () => {
    const applicant = await anApplicant();
    await enrolAt(hub, await hub.invite(NL), applicant);
    const size = hub.registry.state.size;
    const copied = { ...applicant, member: AU };
    await expect(enrolAt(hub, await hub.invite(AU), copied)).rejects.toThrow('the log key is in use already');
    expect(hub.registry.state.size).toBe(size);
  });

  it('with the old keys once they have been replaced', async () => {
    const [invitation, applicant] = [await hub.invite(NL), await anApplicant()];
    await enrolAt(hub, invitation, applicant);
    await enrolAt(hub, await hub.invite(NL, { replace: true }), await anApplicant());
    await expect(enrolAt(hub, invitation, applicant)).rejects.toMatchObject({ code: 'no-invitation' });
  });
});
