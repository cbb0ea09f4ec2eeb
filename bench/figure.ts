// A group of figures that are measured together, and what they are measured with.

import type { Author } from './author.js';
import type { Federation } from './federation.js';
import type { Result } from './result.js';
import type { Scratch } from './scratch.js';
import type { Sizes } from './sizes.js';

export interface Bench {
  readonly sizes: Sizes;
  readonly scratch: Scratch;
  readonly federation: Federation;
  readonly author: Author;
  /** Progress, for whoever waits. */
  say(line: string): void;
}

export interface Figure {
  readonly names: readonly string[];
  /** Members, beside the hub, that must have a home. */
  readonly members: readonly string[];
  /** `isWanted` spares what a figure in the group alone needs. */
  measure(bench: Bench, isWanted: (name: string) => boolean): Promise<Result[]>;
}

/** The members of the federation that is measured. */
export const MEMBERS = {
  author: 'AU',
  /** Dials the author. */
  receiver: 'NL',
  /** Dials the hub alone. */
  relayed: 'BE',
  publisher: 'DE',
  subscribers: ['AT', 'CH', 'DK', 'ES', 'FI', 'FR', 'IE', 'IT', 'NO', 'SE'],
} as const;
