// Unpredictable bytes of the operating system, drawn in large portions: the small draws of an import would each
// cost as much as a signature.

import { randomFillSync } from 'node:crypto';

const PORTION_BYTES = 8192;

/** Returns as many unpredictable bytes as asked for; each is given once. */
export function systemRandom(): (sizeBytes: number) => Uint8Array {
  const portion = new Uint8Array(PORTION_BYTES);
  let used = PORTION_BYTES;
  return (sizeBytes) => {
    if (sizeBytes > PORTION_BYTES) return randomFillSync(new Uint8Array(sizeBytes));
    if (used + sizeBytes > PORTION_BYTES) {
      randomFillSync(portion);
      used = 0;
    }
    const drawn = portion.slice(used, used + sizeBytes);
    // What was given must not lie about in memory for the next who reads it.
    portion.fill(0, used, used + sizeBytes);
    used += sizeBytes;
    return drawn;
  };
}
