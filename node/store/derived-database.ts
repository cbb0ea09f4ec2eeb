// A database of what comes back by itself: one that is damaged is no reason not to start. It is deleted and
// begun anew, and the operator is told.

import { rm } from 'node:fs/promises';
import type { ClassicLevel } from 'classic-level';
import { DatabaseDamaged, type DatabaseOptions, openDatabase } from './open-database.js';

/** Opens the database at the path; `renewed` is told when it was damaged and is empty now. Throws Failure. */
export async function openDerived<Key, Value>(
  path: string,
  options: DatabaseOptions<Key, Value>,
  renewed: (damage: DatabaseDamaged) => void,
): Promise<ClassicLevel<Key, Value>> {
  try {
    return await openDatabase(path, options, '');
  } catch (error) {
    if (!(error instanceof DatabaseDamaged)) throw error;
    renewed(error);
  }
  await rm(path, { recursive: true });
  return await openDatabase(path, options, '');
}
