// A holding: the hashes of one file that a country keeps to itself, with a label of its own or none.
// Two holdings are the same when label and strongest hash are.
//
//   key    <length of the label, 1 byte> <label> <strongest hash key>
//   value  hash keys, strongest first

import { Failure } from '../failure.js';
import { ALGORITHMS, HASH_BYTES, type NamedHash } from '../statements/hashes.js';
import type { Binary } from '../views/binary.js';
import { type HashKey, hashKey, splitHashKeys } from '../views/hash-key.js';

/** Enough for a case reference; a label is shown in notices and must stay a label. */
export const MAX_LABEL_CHARS = 64;

/** What cannot be held: `code` is 'bad-holding'. */
export class BadHolding extends Failure {
  constructor(message: string) {
    super('bad-holding', message);
  }
}

/** A holding as it is added. */
export interface NewHolding {
  /** One of each algorithm at most. */
  readonly hashes: readonly NamedHash[];
  readonly label?: string;
}

export interface Holding {
  readonly key: Binary;
  /** Strongest first. */
  readonly hashes: readonly HashKey[];
  readonly label: string | undefined;
}

/** Throws BadHolding. */
export function holdingOf({ hashes, label }: NewHolding): Holding {
  if (label !== undefined) checkLabel(label);
  const keys = ALGORITHMS.flatMap((algorithm) => {
    const ofAlgorithm = hashes.filter((hash) => hash.algorithm === algorithm);
    if (ofAlgorithm.length > 1) throw new BadHolding(`two ${algorithm} hashes for one file`);
    return ofAlgorithm;
  });
  const strongest = keys[0];
  if (strongest === undefined) throw new BadHolding('a holding needs a hash');
  for (const { algorithm, hash } of keys) {
    if (hash.length !== HASH_BYTES[algorithm]) {
      throw new BadHolding(`${algorithm} has ${HASH_BYTES[algorithm]} bytes, not ${hash.length}`);
    }
  }
  return { key: labelPrefix(label) + hashKey(strongest), hashes: keys.map(hashKey), label };
}

/** Throws BadHolding. */
export function checkLabel(label: string): void {
  if (label === '' || label.length > MAX_LABEL_CHARS || !/^[\x20-\x7e]+$/.test(label)) {
    throw new BadHolding(`a label is 1 to ${MAX_LABEL_CHARS} printable ASCII characters`);
  }
}

/** What the keys of all holdings with the label, or with none, begin with. */
export function labelPrefix(label: string | undefined): Binary {
  return String.fromCharCode(label?.length ?? 0) + (label ?? '');
}

export function parseHolding(key: Binary, value: Binary): Holding {
  const length = key.charCodeAt(0);
  return { key, hashes: splitHashKeys(value), label: length === 0 ? undefined : key.slice(1, 1 + length) };
}

/** The known holding with the hashes of the new one, which win; the known one itself when nothing is new. */
export function merged(known: Holding, added: Holding): Holding {
  const algorithms = new Set(added.hashes.map((key) => key.charCodeAt(0)));
  const kept = known.hashes.filter((key) => !algorithms.has(key.charCodeAt(0)));
  // Hash keys begin with their strength, so this puts the strongest first.
  const hashes = [...kept, ...added.hashes].sort();
  return hashes.join('') === known.hashes.join('') ? known : { ...known, hashes };
}
