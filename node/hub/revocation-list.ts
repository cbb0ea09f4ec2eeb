// Revocation lists on disk, of the issuing authority (weekly) and of the root (yearly). Their numbers rise even
// when the last list was lost: a number is the UTC second at which its list was made, or the last one plus one.

import type { Authority } from '../../certs/authority.js';
import { BadFile, readPem, writePublic } from '../../certs/files.js';
import {
  BadRevocationList,
  createCrl,
  type RevocationList,
  type Revoked,
  readCrl,
} from '../../certs/revocation.js';

const DAY_MS = 86_400_000;

/** The issuing authority's list: made anew at each revocation, and every half of this without one. */
export const ISSUING_LIST_DAYS = 7;
/** The root's list: its key is brought out for it once a year. */
export const ROOT_LIST_DAYS = 400;

/** Makes the next list and writes it in the place of the last. Throws BadFile, BadRevocationList. */
export async function writeNextList(options: {
  readonly path: string;
  readonly authority: Authority;
  readonly revoked: readonly Revoked[];
  readonly days: number;
  readonly nowMs: number;
}): Promise<void> {
  const { path, authority, revoked, days, nowMs } = options;
  const last = await lastList(path);
  const number = Math.max(Math.floor(nowMs / 1000), (last?.number ?? 0) + 1);
  const [thisUpdate, nextUpdate] = [new Date(nowMs), new Date(nowMs + days * DAY_MS)];
  await writePublic(path, createCrl({ authority, number, thisUpdate, nextUpdate, revoked }));
}

/** The list on disk; undefined when it is missing or damaged, and is to be made anew. */
export async function lastList(path: string): Promise<RevocationList | undefined> {
  try {
    return readCrl(await readPem(path));
  } catch (error) {
    if (error instanceof BadFile || error instanceof BadRevocationList) return undefined;
    throw error;
  }
}
