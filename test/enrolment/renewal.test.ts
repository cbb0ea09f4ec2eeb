import { readFile } from 'node:fs/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { readNodeCertificate } from '../../certs/certificate.js';
import { renewalDueAt } from '../../certs/renewal.js';
import { join } from '../../node/enrolment/join.js';
import { isRenewalDue, keepRenewed, renewThroughHub } from '../../node/enrolment/renewal.js';
import type { TlsIdentity } from '../../node/exchange/tls.js';
import { loadIdentity } from '../../node/home/identity.js';
import { homePaths } from '../../node/home/layout.js';
import { aFolder, aRunningHub, DAY_MS, NL, random, removeFolders } from '../hub/a-hub.js';

afterAll(removeFolders);

/** A clock whose timers fire at once and move it by the time that they waited. */
function aFastClock(startMs: number) {
  const waits: number[] = [];
  let nowMs = startMs;
  return {
    waits,
    now: () => nowMs,
    after(ms: number, act: () => void) {
      const timer = setImmediate(() => {
        waits.push(ms);
        nowMs += ms;
        act();
      });
      return () => clearImmediate(timer);
    },
    every: () => () => {},
  };
}

describe('a node', () => {
  it('renews at two thirds of the life of its certificate, through the hub, and keeps its key', async () => {
    const hub = await aRunningHub();
    const home = `${await aFolder()}/nl`;
    const paths = homePaths(home);
    // Twenty-five days ago.
    hub.clock.offsetMs = -25 * DAY_MS;
    const signal = new AbortController().signal;
    await join({
      home,
      invitation: await hub.invite(NL),
      clock: hub.clock,
      random,
      onFingerprint: () => {},
      signal,
    });
    hub.clock.offsetMs = 0;
    const before = await loadIdentity(paths);
    expect(isRenewalDue(before.tls, Date.now())).toBe(true);
    const stop = new AbortController();
    const renewed = await new Promise<TlsIdentity>((resolve, reject) => {
      const around = {
        paths: paths.tls,
        clock: hub.clock,
        random,
        renew: renewThroughHub(before, hub.clock),
        onRenewed: resolve,
        onFailure: reject,
        signal: stop.signal,
      };
      keepRenewed(around, before.tls).catch(reject);
    });
    stop.abort();
    await hub.close();
    expect(isRenewalDue(renewed, Date.now())).toBe(false);
    expect((await loadIdentity(paths)).tls).toEqual(renewed);
    expect(renewed.keyPem).toBe(before.tls.keyPem);
    expect(await readFile(paths.tls.node, 'utf8')).toBe(renewed.leafPem + renewed.issuingPem);
  });

  it('tries ever more rarely while the hub does not answer, and stops when told', async () => {
    const hub = await aRunningHub();
    const { tls } = hub.identity;
    await hub.close();
    const due = renewalDueAt(readNodeCertificate(tls.leafPem)).getTime();
    const clock = aFastClock(due - 90 * 60 * 1000);
    const stop = new AbortController();
    const retries: number[] = [];
    await keepRenewed(
      {
        paths: hub.paths.tls,
        clock,
        random: () => Uint8Array.of(255),
        renew: () => Promise.reject(new Error('away')),
        onRenewed: () => {},
        onFailure: (_error, retryMs) => {
          retries.push(retryMs / 60_000);
          if (retries.length === 9) stop.abort();
        },
        signal: stop.signal,
      },
      tls,
    );
    // Ninety minutes until it is due, in looks of an hour at most.
    expect(clock.waits.slice(0, 2)).toEqual([3_600_000, 1_800_000]);
    expect(retries).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });
});
