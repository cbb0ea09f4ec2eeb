// From a valid input to a bad one: one to four damages of the kind that the input's form allows, now and then
// pure noise, and now and then an input as large as its carrier lets through.

import { decodePem, encodePem, type PemLabel } from '../../../certs/pem.js';
import type { Chance } from '../../chaos/chance.js';
import type { Subject } from '../target.js';
import { damageBytes, joined, type Sampler } from './bytes.js';
import { damageDer } from './der.js';
import { damageJson } from './json.js';
import { damageProtobuf } from './protobuf.js';
import { damageText } from './text.js';

const MOST_DAMAGES = 4;
const NOISE_BYTES = 64;
const LABELS: readonly PemLabel[] = ['CERTIFICATE', 'X509 CRL'];

export interface MadeInput {
  readonly bytes: Uint8Array;
  /** As `sample` made it: it must be taken. */
  readonly isValid: boolean;
}

/** One input, of at most the subject's size. */
export function makeInput(subject: Subject, chance: Chance): MadeInput {
  const sample: Sampler = (any) => subject.sample(any);
  const draw = chance.fraction();
  if (draw < 0.1) return { bytes: sample(chance), isValid: true };
  if (draw < 0.14) return { bytes: noise(subject, chance), isValid: false };
  let bytes = sample(chance);
  for (let n = chance.int(1, MOST_DAMAGES); n > 0; n--) bytes = damage(bytes, subject, chance, sample);
  if (chance.happens(0.002)) bytes = blownUp(bytes, subject, chance);
  return { bytes: bytes.slice(0, subject.maxBytes), isValid: false };
}

function damage(input: Uint8Array, subject: Subject, chance: Chance, sample: Sampler): Uint8Array {
  const { form, words = [] } = subject;
  if (form !== 'bytes' && chance.happens(0.15)) return damageBytes(input, chance, sample);
  switch (form) {
    case 'bytes':
      return damageBytes(input, chance, sample);
    case 'protobuf':
      return damageProtobuf(input, chance, sample);
    case 'der':
      return damageDer(input, chance, sample);
    case 'pem':
      return damagePem(input, chance, sample);
    case 'json':
      return damageJson(input, chance, sample, words);
    case 'text':
      return damageText(input, chance, sample, words);
  }
}

/** Inside the base64 or around it; a sample may be bare DER as well. */
function damagePem(input: Uint8Array, chance: Chance, sample: Sampler): Uint8Array {
  if (input[0] === 0x30) return damageDer(input, chance, sample);
  const text = Buffer.from(input).toString('latin1');
  const label = LABELS.find((known) => text.startsWith(`-----BEGIN ${known}`));
  if (label === undefined || chance.happens(0.2)) return damageText(input, chance, sample, []);
  try {
    const der = damageDer(decodePem(label, text), chance, sample);
    return new Uint8Array(Buffer.from(encodePem(label, der)));
  } catch {
    return damageText(input, chance, sample, []);
  }
}

function noise({ words = [] }: Subject, chance: Chance): Uint8Array {
  const bytes = chance.bytes(chance.int(0, NOISE_BYTES));
  if (words.length === 0 || chance.happens(0.5)) return bytes;
  const some = Array.from({ length: chance.int(1, 12) }, () => chance.pick(words));
  return joined(Buffer.from(some.join(chance.pick(['', ' ', '\n', ':', ','])), 'utf8'), bytes.subarray(0, 4));
}

/** A run of the input over and over, until the carrier's bound. */
function blownUp(input: Uint8Array, { maxBytes }: Subject, chance: Chance): Uint8Array {
  const start = chance.int(0, input.length);
  const end = Math.min(input.length, start + chance.int(1, 64));
  const run = end > start ? input.subarray(start, end) : Uint8Array.of(chance.int(0, 255));
  const filling = Buffer.alloc(Math.max(0, maxBytes - input.length), run);
  return joined(input.subarray(0, end), filling, input.subarray(end));
}
