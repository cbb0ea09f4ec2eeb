// Vectors that others wrote, in `../shared/vectors` beside the repository; a clone elsewhere has none.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../../shared/vectors/', import.meta.url));

/** True where vectors of this kind are at hand; says so where they are not. */
export function haveVectors(kind: string): boolean {
  const have = existsSync(folder + kind);
  if (!have) console.warn(`skipped: there are no vectors in ${folder}${kind}`);
  return have;
}

/** One JSON file of vectors. */
export function readVectors<T>(path: string): T {
  return JSON.parse(readFileSync(folder + path, 'utf8')) as T;
}

/** The JSON files anywhere below a folder of vectors, as paths for `readVectors`. */
export function vectorFiles(kind: string): string[] {
  return readdirSync(folder + kind, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.json'))
    .sort()
    .map((path) => `${kind}/${path}`);
}
