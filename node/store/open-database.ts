// Opens a LevelDB database beside the log store, and says which one and why when it cannot be. What LevelDB
// itself would pass over in silence (level-recovery.ts) is looked for first.

import { ClassicLevel } from 'classic-level';
import { Failure } from '../failure.js';
import { findLoss } from './level-recovery.js';

export type DatabaseOptions<Key, Value> = ConstructorParameters<typeof ClassicLevel<Key, Value>>[1];

/** What lies in the database is not what was written: code 'database-damaged'. */
export class DatabaseDamaged extends Failure {
  /** What is wrong, in a few words. */
  readonly why: string;

  constructor(path: string, why: string, afterwards: string, cause?: unknown) {
    super(
      'database-damaged',
      `${path} is damaged (${why}): move it away and start again; ${afterwards}`,
      cause,
    );
    this.why = why;
  }
}

/**
 * Opens the database at the path; `afterwards` tells what follows from beginning it anew, for whoever must do
 * so. Throws DatabaseDamaged, Failure ('database-unusable').
 */
export async function openDatabase<Key, Value>(
  path: string,
  options: DatabaseOptions<Key, Value>,
  afterwards: string,
): Promise<ClassicLevel<Key, Value>> {
  const loss = await lossIn(path);
  if (loss !== undefined) throw new DatabaseDamaged(path, loss, afterwards);
  const database = new ClassicLevel<Key, Value>(path, options);
  try {
    await database.open();
    return database;
  } catch (error) {
    const { cause, message } = error as Error;
    const why = cause instanceof Error ? cause.message : message;
    if (isDamage(cause)) throw new DatabaseDamaged(path, why, afterwards, error);
    throw new Failure('database-unusable', `${path} cannot be opened: ${why}`, error);
  }
}

async function lossIn(path: string): Promise<string | undefined> {
  try {
    return await findLoss(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new Failure('database-unusable', `${path} cannot be opened: ${message}`, error);
  }
}

/** A file that is gone is damage; a full disk or a lock is not. */
function isDamage(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return code === 'LEVEL_CORRUPTION' || (code === 'LEVEL_IO_ERROR' && /No such file/.test(String(message)));
}
