// Waiting for what a node comes to, by asking it: cheaply, and not without end.

import { setTimeout as pause } from 'node:timers/promises';
import type { NodeProcess } from './icse.js';

/** Often enough for what takes seconds, and seldom enough to cost the node nothing that counts. */
const LOOK_MS = 50;
const PATIENCE_MS = 600_000;

/** What was waited for did not come. */
export class TooLate extends Error {}

/** Resolves with the time (Date.now) at which the answer was yes. Throws TooLate. */
export async function until(
  what: string,
  isSo: () => Promise<boolean>,
  patienceMs = PATIENCE_MS,
): Promise<number> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    if (await isSo()) return Date.now();
    if (Date.now() > deadline) throw new TooLate(`not in ${patienceMs / 1000} s: ${what}`);
    await pause(LOOK_MS);
  }
}

/** The node has so many entries of the member's log, verified and on disk. */
export function untilVerified({ client }: NodeProcess, member: string, size: number): Promise<number> {
  return until(`${size} entries of ${member} are verified`, async () => {
    const { logs } = await client.status();
    return (logs.find((log) => log.member === member)?.size ?? 0) >= size;
  });
}

/** The node finds a record of the member by this hash. */
export function untilFound({ client }: NodeProcess, member: string, hash: string): Promise<number> {
  return until(`${member}'s record with the hash ${hash} is found`, async () =>
    (await client.lookupLines([hash])).includes(`"member":"${member}"`),
  );
}
