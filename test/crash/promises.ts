// What must hold when all nodes are up again: every acknowledged record is found by look-up, with its index, at
// its author and at all others; every log has the root of its author's checkpoint, which verifies; nobody
// accuses anybody; every node may publish again.

import type { LogStatus, NodeStatus } from '../../node/api.js';
import { openCheckpoint } from '../../node/tlog/checkpoint.js';
import { ed25519Verifier, parseVerifierKey } from '../../node/tlog/note.js';
import type { NodeProcess } from './node-process.js';
import type { Publishing } from './publishing.js';
import { PLACES, type Place, type SmallFederation } from './small-federation.js';

/** Hashes in one look-up: as many as the socket takes. */
const LOOKUP = 1000;
/** Until all have everything. */
const SETTLE_MS = 60_000;
/** Events of the operations log that accuse a member, or this node itself. */
const ACCUSATIONS = new Set(['forked', 'own-log', 'refused-entry']);

export interface Verdict {
  readonly lost: readonly string[];
  readonly broken: readonly string[];
}

/** Waits until all nodes have all logs whole, and looks. */
export async function checkPromises(
  federation: SmallFederation,
  published: ReadonlyMap<Place, Publishing>,
  settleMs = SETTLE_MS,
): Promise<Verdict> {
  const broken: string[] = [...published.values()].flatMap(({ contradictions }) => contradictions);
  const statuses = new Map<Place, NodeStatus>();
  for (const place of PLACES) {
    try {
      statuses.set(place, await settled(federation, place, published, settleMs));
    } catch (error) {
      broken.push((error as Error).message);
    }
  }
  broken.push(...differences(statuses), ...accusations(federation));
  for (const [author, { acknowledged }] of published) {
    const size = statuses.get(author)?.logs.find(({ member }) => member === author)?.size ?? 0;
    if (size !== acknowledged.size)
      broken.push(`${author}: ${acknowledged.size} records acknowledged, ${size} entries in its log`);
  }
  const lost: string[] = [];
  for (const place of PLACES) {
    for (const [author, { acknowledged }] of published) {
      if (!federation.nodes[place].isRunning()) continue;
      lost.push(...(await missingAt(federation.nodes[place], place, author, acknowledged)));
    }
  }
  return { lost, broken };
}

/** The node is ready, has all logs as far as anybody, and its views have followed. */
async function settled(
  federation: SmallFederation,
  place: Place,
  published: ReadonlyMap<Place, Publishing>,
  settleMs: number,
): Promise<NodeStatus> {
  const deadline = Date.now() + settleMs;
  const status = await federation.until(
    place,
    ({ ready, logs }) =>
      ready &&
      [...published].every(
        ([author, { acknowledged }]) =>
          (logs.find(({ member }) => member === author)?.size ?? 0) >= acknowledged.size,
      ) &&
      logs.every(({ state, behind }) => state === 'live' && behind === 0),
    'ready, with all logs whole',
    settleMs,
  );
  for (;;) {
    const { views } = await federation.nodes[place].call((client) => client.views());
    if (views.every(({ behind }) => behind === 0)) return status;
    if (Date.now() > deadline) throw new Error(`${place}: its views do not follow its logs`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Logs that are not what their author signed, by each node's own word. */
function differences(statuses: ReadonlyMap<Place, NodeStatus>): string[] {
  const found: string[] = [];
  const authors = new Map<string, LogStatus>();
  for (const [place, { logs }] of statuses) {
    for (const log of logs) {
      if (log.member === place || (place === 'LYON' && log.member === 'registry')) authors.set(log.log, log);
      const what = checkCheckpoint(log);
      if (what !== undefined) found.push(`${place}: ${log.log}: ${what}`);
      if (log.holes > 0) found.push(`${place}: ${log.log} has ${log.holes} holes`);
    }
  }
  for (const [place, { logs }] of statuses) {
    for (const { log, size, checkpoint } of logs) {
      const author = authors.get(log);
      if (author === undefined) continue;
      if (size !== author.size || bodyOf(checkpoint) !== bodyOf(author.checkpoint)) {
        found.push(`${place} has ${log} at ${size}, its author at ${author.size}, or under another root`);
      }
    }
  }
  return found;
}

function checkCheckpoint({ checkpoint, vkey, size }: LogStatus): string | undefined {
  if (checkpoint === null) return size === 0 ? undefined : 'no checkpoint';
  try {
    const { name, publicKey } = parseVerifierKey(vkey);
    const head = openCheckpoint(Buffer.from(checkpoint), ed25519Verifier(name, publicKey));
    return head.size === size ? undefined : `${size} entries under a checkpoint of ${head.size}`;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Log, size and root: what is signed. */
function bodyOf(checkpoint: string | null): string | undefined {
  return checkpoint?.split('\n\n')[0];
}

/** What the nodes said in their operations logs against each other, or of faults of their own. */
export function accusations({ nodes }: SmallFederation): string[] {
  return PLACES.flatMap((place) =>
    nodes[place].lines
      .filter(
        ({ level, event, msg }) =>
          ACCUSATIONS.has(event ?? '') ||
          (event === 'state' && msg.includes('out of step')) ||
          level === 'error' ||
          level === 'fatal',
      )
      .map(({ msg }) => `${place} says: ${msg}`),
  );
}

async function missingAt(
  node: NodeProcess,
  place: Place,
  author: Place,
  acknowledged: ReadonlyMap<string, number>,
): Promise<string[]> {
  const missing: string[] = [];
  const all = [...acknowledged];
  await node.call(async (client) => {
    for (let from = 0; from < all.length; from += LOOKUP) {
      const asked = all.slice(from, from + LOOKUP);
      const lines = (await client.lookupLines(asked.map(([hash]) => hash))).trimEnd().split('\n');
      for (const [i, [hash, index]] of asked.entries()) {
        const { records } = JSON.parse(lines[i] as string) as {
          records: { member: string; index: number }[];
        };
        if (!records.some((record) => record.member === author && record.index === index))
          missing.push(`${author}:${index} ${hash} at ${place}`);
      }
    }
  });
  return missing;
}
