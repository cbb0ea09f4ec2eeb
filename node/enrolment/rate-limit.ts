// How often one address may call the enrolment listener: a token bucket each. Addresses are forgotten when their
// bucket is full again, and the oldest first when there are too many, so strangers cost bounded memory.

import { isIPv6 } from 'node:net';

/** A node that waits for its operator asks every two seconds; ten of them may share an address. */
const BURST = 120;
const PER_SECOND = 5;
/** Some 100 bytes each. */
const MAX_ADDRESSES = 4096;

interface Bucket {
  calls: number;
  atMs: number;
}

export interface RateLimit {
  /** True when the address may call now; counts the call. */
  admits(host: string, nowMs: number): boolean;
  /** Addresses remembered. */
  size(): number;
}

export function createRateLimit(): RateLimit {
  // In the order of their last call.
  const buckets = new Map<string, Bucket>();
  return {
    admits(host, nowMs) {
      const key = networkOf(host);
      const before = buckets.get(key) ?? { calls: BURST, atMs: nowMs };
      const earned = (Math.max(0, nowMs - before.atMs) / 1000) * PER_SECOND;
      const calls = Math.min(BURST, before.calls + earned);
      buckets.delete(key);
      forgetIdle(buckets, nowMs);
      const admitted = calls >= 1;
      buckets.set(key, { calls: admitted ? calls - 1 : calls, atMs: nowMs });
      return admitted;
    },
    size: () => buckets.size,
  };
}

function forgetIdle(buckets: Map<string, Bucket>, nowMs: number): void {
  for (const [key, { atMs }] of buckets) {
    const isFull = nowMs - atMs >= (BURST / PER_SECOND) * 1000;
    if (!isFull && buckets.size < MAX_ADDRESSES) return;
    buckets.delete(key);
  }
}

/** One customer of IPv6 has a /64 at least, so that is what is counted. */
function networkOf(host: string): string {
  if (!isIPv6(host)) return host;
  const [head = '', tail = ''] = host.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === '' ? [] : tail.split(':');
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  return [...before, ...zeros, ...after].slice(0, 4).join(':');
}
