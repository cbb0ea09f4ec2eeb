// A Bloom filter over index keys: says for certain that a key was never added, or that it may have been. All probes
// of a key fall into one block of 64 bytes, which the processor fetches at once. (Bloom 1970; blocks after Putze,
// Sanders and Singler 2007. Each probe is hashed anew: two hashes from which all are made, as Kirsch and Mitzenmacher
// do in 2006, give too few different sets of probes in so small a block.)

const BLOCK_BYTES = 64;
/** 20 bits a key and seven probes: of 3,400 keys that were not added, one seems to have been. */
const BITS_A_KEY = 20;
const PROBES = 7;

export class Bloom {
  /** Whole blocks. */
  readonly bytes: Uint8Array;
  readonly #blocks: number;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#blocks = bytes.length / BLOCK_BYTES;
  }

  /** One that threads can share. */
  static forKeys(keys: number): Bloom {
    const blocks = Math.max(1, Math.ceil((keys * BITS_A_KEY) / (BLOCK_BYTES * 8)));
    return new Bloom(new Uint8Array(new SharedArrayBuffer(blocks * BLOCK_BYTES)));
  }

  /** How many keys it can take before more of the others than that seem to be there. */
  get capacity(): number {
    return Math.floor((this.bytes.length * 8) / BITS_A_KEY);
  }

  /** `kind` is a byte, `high` and `low` the first and second four bytes of the key. */
  add(kind: number, high: number, low: number): void {
    const hash = blockHash(kind, high);
    const block = this.#blockOf(hash);
    let probe = firstProbe(hash, low);
    for (let n = 0; n < PROBES; n++) {
      // The upper bits are the well mixed ones.
      const bit = probe >>> 23;
      const at = block + (bit >>> 3);
      this.bytes[at] = (this.bytes[at] as number) | (1 << (bit & 7));
      probe = nextProbe(probe);
    }
  }

  mayHave(kind: number, high: number, low: number): boolean {
    const hash = blockHash(kind, high);
    return this.mayHaveHashed(hash, firstProbe(hash, low));
  }

  /** The same for a key that is asked of many filters: `blockHash` and `firstProbe` of it. */
  mayHaveHashed(hash: number, first: number): boolean {
    const block = this.#blockOf(hash);
    let probe = first;
    for (let n = 0; n < PROBES; n++) {
      const bit = probe >>> 23;
      if (((this.bytes[block + (bit >>> 3)] as number) & (1 << (bit & 7))) === 0) return false;
      probe = nextProbe(probe);
    }
    return true;
  }

  /** Where the block of the hash begins. */
  #blockOf(hash: number): number {
    return Math.floor((hash / 2 ** 32) * this.#blocks) * BLOCK_BYTES;
  }
}

/** What says in which block a key is, whatever the size of a filter. */
export function blockHash(kind: number, high: number): number {
  return mixed(high ^ Math.imul(kind + 1, 0x9e3779b1));
}

/** `hash` is the key's `blockHash`. */
export function firstProbe(hash: number, low: number): number {
  return mixed(low ^ hash);
}

/** One multiplication between two probes is enough: only the upper bits are looked at. */
function nextProbe(probe: number): number {
  return (Math.imul(probe ^ (probe >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
}

/** Spreads 32 bits over 32 bits (the finaliser of MurmurHash3). */
function mixed(value: number): number {
  let bits = value;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
