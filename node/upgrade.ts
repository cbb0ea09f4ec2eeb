// What a newer release does once, when it first starts on a home: what an older one refused may be good by the rules of
// today, so it counts as missing and is asked for again. Bytes that break today's rules as well are refused once more.

import { HoleReason } from '../proto/gen/icse/v1/exchange_pb.js';
import type { Logs } from './log/logs.js';
import type { TextDatabase } from './store/text-database.js';

const RELEASE = 'release';

/** `database` keeps which release has run here last; it is noted when all is done. Throws the store's error. */
export async function afterUpgrade(database: TextDatabase, release: string, logs: Logs): Promise<void> {
  if ((await database.get(RELEASE)) === release) return;
  for (const log of logs.all()) {
    const due = await log.listDueHoles(Number.POSITIVE_INFINITY);
    const refused = due.filter(({ reason }) => reason === HoleReason.REFUSED);
    await log.doubt(refused.map(({ index }) => Number(index)));
  }
  await database.put(RELEASE, release, { sync: true });
}
