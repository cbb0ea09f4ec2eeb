// All figures, in the order in which they are measured: the author's log grows from one to the next.

import { fanOut } from './fan-out.js';
import type { Figure } from './figure.js';
import { lookup } from './lookup.js';
import { million } from './million.js';
import { hypercore, pouchdb } from './peers/peer-figure.js';
import { publishBulk } from './publish-bulk.js';
import { publishSingle } from './publish-single.js';
import { purgeTen } from './purge.js';
import { rawLimit } from './raw-limit.js';
import { growth, relay, replicate } from './replicate.js';

export const PLAN: readonly Figure[] = [
  publishSingle,
  publishBulk,
  hypercore,
  pouchdb,
  lookup('lookup.exact', ({ sizes }) => sizes.lookup.hashes),
  growth('growth.100k', ({ sizes }) => sizes.growth.small),
  replicate,
  rawLimit,
  relay,
  purgeTen,
  fanOut,
  growth('growth.400k', ({ sizes }) => sizes.growth.middle),
  lookup('lookup.exact.2m', ({ sizes }) => sizes.lookup.manyHashes),
  million,
  growth('growth.1600k', ({ sizes }) => sizes.growth.large),
];

/** Names that no figure has. */
export function unknownNames(wanted: readonly string[]): string[] {
  const known = new Set(PLAN.flatMap(({ names }) => names));
  return wanted.filter((name) => !known.has(name));
}
