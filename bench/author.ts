// The member whose log is replicated. Its log is written while its node is stopped, by the node's own code and
// with the home's own keys, so it is to the byte what publishing would have made, only sooner: entries built,
// hashed, signed in checkpoints and synced to the store in batches as large as an import makes them.

import { randomBytes } from 'node:crypto';
import { loadIdentity } from '../node/home/identity.js';
import { homePaths } from '../node/home/layout.js';
import type { Log } from '../node/log/log.js';
import { Logs } from '../node/log/logs.js';
import { logName, parseMemberCode } from '../node/names.js';
import { Registry } from '../node/registry/registry.js';
import { buildEntry } from '../node/statements/build.js';
import { recordIdsUnder } from '../node/statements/record-id.js';
import { openLevelStore } from '../node/store/level-store.js';
import { ed25519Signer } from '../node/tlog/note.js';
import { type NodeProcess, startNode } from './icse.js';
import { mediaRecord, type RecordHashes, recordJson } from './media-records.js';
import { untilFound } from './until.js';

const SERIES = 'author';
/** What the local socket has under way at most, and so commits at once. */
const BATCH = 4096;

export interface Author {
  readonly code: string;
  /** The hashes of the record at this place of its log. */
  hashesAt(index: number): RecordHashes;
  /** Its home, stopped, with a log of so many records, all of them indexed. */
  stopped(size: number): Promise<string>;
  /** Its node, running, with a log of so many records, all of them indexed. */
  running(size: number): Promise<NodeProcess>;
  stop(): Promise<void>;
}

/** The author over a home whose log is empty. Its log grows and never shrinks: ask for the smaller sizes first. */
export function anAuthor(home: string, code: string, say: (line: string) => void): Author {
  let size = 0;
  let node: NodeProcess | undefined;
  const hashesAt = (index: number): RecordHashes => recordJson(SERIES, index);

  async function stop(): Promise<void> {
    await node?.stop();
    node = undefined;
  }

  async function running(wanted: number): Promise<NodeProcess> {
    if (wanted < size) throw new Error(`the author's log has ${size} records already, not ${wanted}`);
    if (wanted > size) {
      await stop();
      say(`the author's log grows to ${wanted} records`);
      await write(home, code, size, wanted);
      size = wanted;
    }
    node ??= await startNode(home);
    await untilFound(node, code, hashesAt(size - 1).sha256);
    return node;
  }

  return {
    code,
    hashesAt,
    running,
    stop,
    async stopped(wanted) {
      if (wanted !== size) await running(wanted);
      await stop();
      return home;
    },
  };
}

/** Appends the records [from, to) to the log of a home whose node is stopped. */
async function write(home: string, code: string, from: number, to: number): Promise<void> {
  const paths = homePaths(home);
  const { secrets, anchors } = await loadIdentity(paths);
  const store = await openLevelStore(paths.logs);
  try {
    const logs = await Logs.open(store, await Registry.open(store, anchors));
    const log = logs.get(logName(anchors.federation, parseMemberCode(code))) as Log;
    if (log.size !== from) throw new Error(`the log of ${code} has ${log.size} entries, not ${from}`);
    const signer = ed25519Signer(log.name, secrets.log);
    const recordIdOf = recordIdsUnder(secrets.recordSecret);
    for (let at = from; at < to; at += BATCH) {
      const numbers = Array.from({ length: Math.min(BATCH, to - at) }, (_, offset) => at + offset);
      await log.append(
        numbers.map((number) => entry(number, recordIdOf)),
        signer,
      );
    }
  } finally {
    await store.close();
  }
}

function entry(number: number, recordIdOf: ReturnType<typeof recordIdsUnder>): Uint8Array {
  const { record, keepUntilDay } = mediaRecord(SERIES, number);
  return buildEntry({
    statement: {
      case: 'mediaRecord',
      value: { ...record, recordId: recordIdOf(record) },
    },
    keepUntilDay,
    now: Math.floor(Date.now() / 1000),
    random: (sizeBytes) => new Uint8Array(randomBytes(sizeBytes)),
  });
}
