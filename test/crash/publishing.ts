// What one member publishes, and what its node has acknowledged of it. Whoever publishes through a node that
// dies does what any user does: sends what was not answered again, once it is back.

import type { PublishAnswer } from '../../gateway/socket/client.js';
import { NodeStopped, NoNode } from '../../gateway/socket/no-node.js';
import type { NodeProcess } from './node-process.js';

/** Calls on the socket at the same time, each with many records under way. */
const CALLS = 4;

export interface Publishing {
  /** Index by SHA-256, of all records that the node has acknowledged. */
  readonly acknowledged: ReadonlyMap<string, number>;
  /** Acknowledged once with one index and later with another, or one index for two records. */
  readonly contradictions: readonly string[];
  /** Publishes the records and whatever was not answered before, until all are answered or the node is gone. */
  publish(node: NodeProcess, hashes: readonly string[]): Promise<void>;
  /** Resolves when the node next acknowledges a record. */
  nextAnswer(): Promise<void>;
  /** Sent and not answered. */
  unanswered(): number;
}

export function aPublishing(): Publishing {
  const acknowledged = new Map<string, number>();
  const byIndex = new Map<number, string>();
  const contradictions: string[] = [];
  const unanswered = new Set<string>();
  const waiting: (() => void)[] = [];

  function acknowledge(hash: string, index: number): void {
    const before = acknowledged.get(hash);
    const other = byIndex.get(index);
    if (before !== undefined && before !== index)
      contradictions.push(`${hash} was acknowledged at ${before} and at ${index}`);
    if (other !== undefined && other !== hash) contradictions.push(`${other} and ${hash} both at ${index}`);
    acknowledged.set(hash, index);
    byIndex.set(index, hash);
    unanswered.delete(hash);
    for (const tell of waiting.splice(0)) tell();
  }

  async function call(node: NodeProcess, hashes: readonly string[]): Promise<void> {
    let at = 0;
    try {
      await node.call(async (client) => {
        for await (const lines of client.publish(linesOf(hashes))) {
          for (const line of lines) {
            const answer = JSON.parse(line) as PublishAnswer;
            // Refused (not ready yet, or stopping): as good as not answered.
            if ('index' in answer) acknowledge(hashes[at] as string, answer.index);
            at += 1;
          }
        }
      });
    } catch (error) {
      if (!(error instanceof NoNode || error instanceof NodeStopped)) throw error;
    }
  }

  return {
    acknowledged,
    contradictions,
    async publish(node, hashes) {
      const all = [...unanswered, ...hashes];
      for (const hash of hashes) unanswered.add(hash);
      const shares = Array.from({ length: CALLS }, (_, share) => all.filter((_, i) => i % CALLS === share));
      await Promise.all(shares.filter((share) => share.length > 0).map((share) => call(node, share)));
    },
    nextAnswer: () => new Promise((resolve) => waiting.push(resolve)),
    unanswered: () => unanswered.size,
  };
}

async function* linesOf(hashes: readonly string[]): AsyncGenerator<string> {
  for (const sha256 of hashes) yield `${JSON.stringify({ sha256, kind: 'image' })}\n`;
}
