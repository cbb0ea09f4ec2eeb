import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Revoked, readCrl } from '../../certs/revocation.js';
import type { Identity } from '../../node/home/identity.js';
import type { HomePaths } from '../../node/home/layout.js';
import { LYON, logName, parseMemberCode } from '../../node/names.js';
import { EMPTY_ROOT } from '../../node/tlog/hash.js';
import { AU, aCopyOf, aMember, aRunningHub, NL, type RunningHub, removeFolders } from './a-hub.js';

let hub: RunningHub;
let dutch: Identity;
let joined: HomePaths;

/** A hub that NL has joined, stopped; each test runs a copy. */
beforeAll(async () => {
  hub = await aRunningHub();
  dutch = await aMember(hub, await hub.invite(NL), { listen: '127.0.0.1:0' });
  await hub.close();
  joined = hub.paths;
});
beforeEach(async () => {
  hub = await aRunningHub(await aCopyOf(joined));
});
afterEach(() => hub.close());
afterAll(removeFolders);

function dutchLog(generation = 1) {
  return logName(hub.identity.federation.federation, NL, generation);
}

async function revoked(): Promise<readonly Revoked[]> {
  return readCrl(await readFile(hub.paths.tls.crl, 'utf8')).revoked;
}

const member = (code = NL) => hub.registry.state.members.get(code);
const logState = (generation = 1) => hub.registry.state.logs.get(dutchLog(generation));

describe('amending', () => {
  it('changes the address and leaves the quota', async () => {
    const before = member()?.quota;
    await hub.office.amend(NL, { address: 'nl.icse.example:7001' });
    expect(member()).toMatchObject({ address: 'nl.icse.example:7001', quota: before });
  });

  it('changes the quota and leaves the address', async () => {
    const before = member()?.address;
    await hub.office.amend(NL, { quota: { entries: 5, bytes: 1000 } });
    expect(member()).toMatchObject({ address: before, quota: { entries: 5, bytes: 1000 } });
  });

  it('is refused with the reason, and writes nothing', async () => {
    const size = hub.registry.state.size;
    await expect(hub.office.amend(AU, { address: '127.0.0.1:1' })).rejects.toThrow(
      'AU is not a member; members are NL',
    );
    await expect(hub.office.amend(NL, {})).rejects.toMatchObject({ code: 'nothing-to-amend' });
    await expect(hub.office.amend(NL, { address: 'nowhere' })).rejects.toThrow('is not host:port');
    await expect(hub.office.amend(NL, { quota: { entries: 0, bytes: 1 } })).rejects.toThrow(
      'must be at least 1',
    );
    expect(hub.registry.state.size).toBe(size);
  });
});

describe('suspending', () => {
  it('cuts the log where the hub holds it and puts the certificates on hold', async () => {
    await hub.grow(dutchLog(), dutch, 3);
    expect(await hub.office.suspend(NL)).toMatchObject({ log: dutchLog(), size: 3 });
    expect(member()?.suspended).toBe(true);
    expect(logState()?.cut).toEqual({ size: 3, root: hub.logs.get(dutchLog())?.root });
    expect(await revoked()).toMatchObject([{ reason: 'certificateHold' }]);
  });

  it('sets the cut back to before a theft', async () => {
    await hub.grow(dutchLog(), dutch, 5);
    const root = await hub.logs.get(dutchLog())?.rootAt(2);
    await hub.office.suspend(NL, { at: 2, reason: 'keyCompromise' });
    expect(logState()?.cut).toEqual({ size: 2, root });
    expect(await revoked()).toMatchObject([{ reason: 'keyCompromise' }]);
  });

  it('is refused with the reason, and writes nothing', async () => {
    const size = hub.registry.state.size;
    await expect(hub.office.suspend(NL, { at: 1 })).rejects.toThrow(
      'NL cannot be cut at 1: the hub holds it up to 0',
    );
    await expect(hub.office.suspend(AU)).rejects.toMatchObject({ code: 'unknown-member' });
    await expect(hub.office.suspend(LYON)).rejects.toThrow('the hub cannot be suspended');
    expect(hub.registry.state.size).toBe(size);
    expect(await revoked()).toEqual([]);
    await hub.office.suspend(NL);
    await expect(hub.office.suspend(NL)).rejects.toThrow('NL is suspended already');
  });
});

describe('reinstating', () => {
  it('goes on in the same log when nothing is above the cut, and ends the hold', async () => {
    await hub.grow(dutchLog(), dutch, 3);
    await hub.office.suspend(NL);
    expect(await hub.office.reinstate(NL)).toMatchObject({ log: dutchLog(), size: 3 });
    expect(member()).toMatchObject({ suspended: false, log: dutchLog() });
    expect(logState()?.cut).toBeUndefined();
    expect(await revoked()).toEqual([]);
  });

  it('goes on in the next log when there are entries above the cut', async () => {
    await hub.grow(dutchLog(), dutch, 3);
    await hub.office.suspend(NL, { at: 1 });
    expect(await hub.office.reinstate(NL)).toMatchObject({ log: dutchLog(2), size: 0 });
    expect(member()).toMatchObject({ suspended: false, log: dutchLog(2) });
    expect(logState()?.cut?.size).toBe(1);
    await hub.logs.opened();
    expect(hub.logs.get(dutchLog(2))?.size).toBe(0);
  });

  it('accepts what is above the cut when told to', async () => {
    await hub.grow(dutchLog(), dutch, 3);
    await hub.office.suspend(NL, { at: 1 });
    expect(await hub.office.reinstate(NL, { accept: true })).toMatchObject({ log: dutchLog(), size: 3 });
    expect(logState()?.cut).toBeUndefined();
  });

  it('is refused for who is not suspended', async () => {
    await expect(hub.office.reinstate(NL)).rejects.toThrow('NL is not suspended');
  });

  it('leaves a stolen certificate revoked', async () => {
    await hub.office.suspend(NL, { reason: 'keyCompromise' });
    await hub.office.reinstate(NL);
    expect(await revoked()).toMatchObject([{ reason: 'keyCompromise' }]);
  });
});

describe('replacing lost or stolen keys', () => {
  it('closes the log where the hub holds it, revokes the old certificate and opens the next log', async () => {
    await hub.grow(dutchLog(), dutch, 4);
    const again = await aMember(hub, await hub.invite(NL, { replace: true }));
    expect(logState()?.cut?.size).toBe(4);
    expect(member()).toMatchObject({ log: dutchLog(2), suspended: false });
    expect(member()?.keys.log).toEqual(again.secrets.log.publicKey);
    expect(await revoked()).toMatchObject([{ reason: 'keyCompromise' }]);
    expect(hub.events.map(({ kind }) => kind)).toContain('keys-replaced');
  });

  it('keeps the cut of a suspended member, who goes on in the next log once reinstated', async () => {
    await hub.grow(dutchLog(), dutch, 4);
    await hub.office.suspend(NL, { at: 2 });
    await aMember(hub, await hub.invite(NL, { replace: true }));
    expect(logState()?.cut?.size).toBe(2);
    expect(logState(2)?.cut).toEqual({ size: 0, root: EMPTY_ROOT });
    expect(await hub.office.reinstate(NL)).toMatchObject({ log: dutchLog(2), size: 0 });
    expect(logState(2)?.cut).toBeUndefined();
  });

  it('takes the address and the quota of the invitation', async () => {
    const quota = { entries: 7, bytes: 700 };
    await aMember(hub, await hub.invite(NL, { replace: true, address: '192.0.2.7:7001', quota }));
    expect(member()).toMatchObject({ address: '192.0.2.7:7001', quota });
  });
});

describe('acts at the same time', () => {
  it('are done one after the other, each against the state that the one before left', async () => {
    const both = await Promise.allSettled([hub.office.suspend(NL), hub.office.suspend(NL)]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    await hub.close();
    hub = await aRunningHub(hub.paths);
    expect(member()?.suspended).toBe(true);
  });
});

describe('the list of members', () => {
  it('shows the hub, members and who is invited, with certificates and invitations', async () => {
    await hub.office.suspend(NL);
    await hub.invite(parseMemberCode('FR'), { address: '192.0.2.8:7001' });
    hub.clock.offsetMs += 8 * 86_400_000;
    await hub.invite(AU);
    expect(hub.office.memberList()).toMatchObject([
      { member: LYON, state: 'active', invitation: null },
      {
        member: AU,
        name: 'The police of AU',
        state: 'invited',
        certificate: null,
        invitation: { state: 'pending' },
      },
      { member: 'FR', state: 'invited', address: '192.0.2.8:7001', invitation: { state: 'expired' } },
      { member: NL, name: 'The police of NL', state: 'suspended', invitation: { state: 'used' } },
    ]);
    const serial = hub.office.memberList().at(-1)?.certificate?.serial;
    expect(await revoked()).toMatchObject([{ serial }]);
  });
});

describe('the revocation list', () => {
  it('is made anew at the start when half of its time is over, with a higher number', async () => {
    const read = async () => readCrl(await readFile(hub.paths.tls.crl, 'utf8'));
    const before = await read();
    await hub.close();
    hub = await aRunningHub(hub.paths);
    expect((await read()).number).toBe(before.number);
    expect(before.nextUpdate.getTime()).toBeGreaterThan(Date.now());
  });

  it('makes up for a hub that died between suspending and revoking', async () => {
    const certificates = await readFile(hub.paths.hub.certificates);
    await hub.office.suspend(NL);
    await hub.close();
    await writeFile(hub.paths.hub.certificates, certificates);
    hub = await aRunningHub(hub.paths);
    expect(await revoked()).toMatchObject([{ reason: 'certificateHold' }]);
  });
});
