// A Bloom filter over index keys: says for certain that a key was never added, or that it may have been.
// (Bloom 1970; two hashes make all probes, after Kirsch and Mitzenmacher 2006.)

/** 16 bits a key and six probes: of a thousand keys that were not added, one seems to have been. */
const BYTES_A_KEY = 2;
const PROBES = 6;

export class Bloom {
  readonly bytes: Uint8Array;
  readonly #bits: number;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#bits = bytes.length * 8;
  }

  static bytesFor(keys: number): number {
    return Math.max(1, keys) * BYTES_A_KEY;
  }

  /** One that threads can share. */
  static forKeys(keys: number): Bloom {
    return new Bloom(new Uint8Array(new SharedArrayBuffer(Bloom.bytesFor(keys))));
  }

  /** How many keys it can take before more than a thousandth of the others seem to be there. */
  get capacity(): number {
    return this.bytes.length / BYTES_A_KEY;
  }

  /** `kind` is a byte, `high` and `low` the first and second four bytes of the key. */
  add(kind: number, high: number, low: number): void {
    let probe = mixed(high ^ Math.imul(kind + 1, 0x9e3779b1));
    const stride = mixed(low ^ probe) | 1;
    for (let n = 0; n < PROBES; n++) {
      const bit = probe % this.#bits;
      this.bytes[bit >>> 3] = (this.bytes[bit >>> 3] as number) | (1 << (bit & 7));
      probe = (probe + stride) >>> 0;
    }
  }

  mayHave(kind: number, high: number, low: number): boolean {
    let probe = mixed(high ^ Math.imul(kind + 1, 0x9e3779b1));
    const stride = mixed(low ^ probe) | 1;
    for (let n = 0; n < PROBES; n++) {
      const bit = probe % this.#bits;
      if (((this.bytes[bit >>> 3] as number) & (1 << (bit & 7))) === 0) return false;
      probe = (probe + stride) >>> 0;
    }
    return true;
  }
}

/** Spreads 32 bits over 32 bits (the finaliser of MurmurHash3). */
function mixed(value: number): number {
  let bits = value;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
