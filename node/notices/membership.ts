// What a person is told of the federation itself: each act of the registry, and each fork that was proven.

import { createHash } from 'node:crypto';
import { isHole } from '../log/item.js';
import type { Log } from '../log/log.js';
import { parseLogName, shortLogName } from '../names.js';
import { decodeEntry } from '../statements/entry.js';
import type { Told, Untold } from './told.js';

/** Registry entries that are looked through at a time. */
const BATCH = 256;

const ACTS = {
  admit: 'admitted',
  amend: 'amended',
  suspend: 'suspended',
  reinstate: 'reinstated',
  rotate: 'new keys',
} as const;

/** Tells the acts at `from` and after; what was told before is not told again. Resolves with the next index. */
export async function tellMembership(told: Told, registry: Log, from: number): Promise<number> {
  let next = from;
  while (next < registry.size) {
    const items = await registry.read(next, Math.min(registry.size, next + BATCH));
    const untold = items.flatMap((item, offset): Untold[] => {
      const index = next + offset;
      if (isHole(item)) return [];
      const { statement, madeAt } = decodeEntry(item);
      if (statement.case === undefined || !(statement.case in ACTS)) return [];
      const act = statement.case as keyof typeof ACTS;
      const { member } = statement.value as { member: string };
      const at = new Date(Number(madeAt) * 1000).toISOString();
      const body = { kind: 'member', at, member, act: ACTS[act], registry: index } as const;
      return [{ id: idOf('member', registry.name, String(index)), body }];
    });
    await told.tell(untold);
    next += items.length;
  }
  return next;
}

/** Tells of a log that its author has forked. */
export async function tellFork(told: Told, log: Log, nowMs: number): Promise<void> {
  if (log.fault === undefined) return;
  const member = parseLogName(log.name).member ?? 'registry';
  const at = new Date(nowMs).toISOString();
  const body = {
    kind: 'fault',
    at,
    fault: 'fork',
    log: shortLogName(log.name),
    member,
    frozenAt: log.size,
  } as const;
  await told.tell([{ id: idOf('fork', log.name), body }]);
}

function idOf(...parts: readonly string[]): Uint8Array {
  return createHash('sha256')
    .update(`icse/notice/${parts.join('\n')}`)
    .digest();
}
