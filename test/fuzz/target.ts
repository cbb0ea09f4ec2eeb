// What is fuzzed: one parser with the valid inputs that it should take, and the promise that it keeps about every
// other one. A parser either throws a Failure, or gives a value that says no more and no less than the bytes did.

import { Failure } from '../../node/failure.js';
import type { Chance } from '../chaos/chance.js';
import type { Material } from './material.js';

/** What the inputs are made of, which says how they can be altered and still look like some. */
export type Form = 'bytes' | 'protobuf' | 'der' | 'pem' | 'text' | 'json';

/** A promise that was broken; any other error that is no Failure is a crash. */
export class Finding extends Error {}

/** A parser with the keys, trees and servers around it that it needs. */
export interface Subject {
  readonly form: Form;
  /** The largest input that whatever carries it would let through to the parser, and a little more. */
  readonly maxBytes: number;
  /** Pieces of text that mean something to the parser. */
  readonly words?: readonly string[];
  /** What one input may use of a processor, where a second is not enough. */
  readonly slowMs?: number;
  /** An input that has to be taken. */
  sample(chance: Chance): Uint8Array;
  /** Takes the input as the program would. Throws Failure when it is refused, Finding when a promise is broken. */
  take(input: Uint8Array): void | Promise<void>;
  close?(): Promise<void>;
}

export interface Target {
  readonly name: string;
  open(material: Material): Subject | Promise<Subject>;
}

/** Throws Finding with the sentence unless it is true. */
export function promise(isKept: boolean, sentence: string): asserts isKept {
  if (!isKept) throw new Finding(sentence);
}

/** What the act gives. A refusal by a library whose caller in the program handles any error becomes a Failure. */
export function refusedBy<Value>(library: string, act: () => Value): Value {
  try {
    return act();
  } catch (error) {
    throw new Failure('refused', `${library} refuses it`, error);
  }
}

/** Something that may be refused without the whole input being so. */
export function attempt(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
}

export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'utf8'));
}
