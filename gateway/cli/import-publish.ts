// The records of an import on their way to the node: sent as they are read, told as they are answered, in the
// order of the file. What waits in between is bounded, by the node's own bound and by the one here.

import { recordToJson } from '../../node/statements/record-json.js';
import type { RecordLine } from '../formats/record-line.js';
import type { NodeClient, PublishAnswer } from '../socket/client.js';
import { NodeStopped } from '../socket/no-node.js';
import type { ImportReport } from './import-report.js';
import { wholeText } from './table.js';

/** Lines whose fate is open: four times what the node has under way at most. */
const MAX_OPEN = 16_384;

/** Refusals that are about the line; any other will meet the next line as well. */
const ABOUT_THE_LINE: ReadonlySet<string> = new Set(['bad-record', 'rules-broken']);

/** Lines under way when an import stops meet the same refusal by the thousand: so many are told, the rest counted. */
const MAX_TOLD_OF_STOP = 20;

/** A line that was sent, or that was refused before, in its turn. */
interface OpenLine {
  readonly line: number;
  readonly reason?: string;
}

/** Publishes what is read. Throws what the reading throws, and NodeStopped with what remained open. */
export async function publishRecords(
  node: NodeClient,
  batches: AsyncIterable<RecordLine[]>,
  report: ImportReport,
): Promise<void> {
  const open: OpenLine[] = [];
  let head = 0;
  let readingError: unknown;
  let stoppedBy: string | undefined;
  let metStop = 0;
  let wake: (() => void) | undefined;

  try {
    for await (const answers of node.publish(records())) {
      for (const answer of answers) await settle(JSON.parse(answer) as PublishAnswer);
      wake?.();
    }
    await tellRefused();
  } catch (error) {
    if (!(error instanceof NodeStopped) || open.length === head) throw error;
    await report.refuseFile(
      `${error.message} before it had answered for line ${open[head]?.line} and those after it: import the file again when it runs; what was taken will be known`,
    );
    return;
  }
  if (readingError !== undefined) throw readingError;
  if (stoppedBy === undefined) return;
  const untold = metStop - MAX_TOLD_OF_STOP;
  const others = untold > 0 ? ` (${wholeText(untold)} more lines that were under way met the same)` : '';
  await report.refuseFile(`stopped: ${stoppedBy}${others}`);

  async function* records(): AsyncGenerator<string> {
    try {
      for await (const batch of batches) {
        const text = take(batch);
        if (text !== '') yield text;
        await tellRefused();
        if (stoppedBy !== undefined) return;
        while (open.length - head > MAX_OPEN) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } catch (error) {
      // Thrown when what was good before it has been answered.
      readingError = error;
    }
  }

  function take(batch: readonly RecordLine[]): string {
    let text = '';
    for (const read of batch) {
      if ('reason' in read) {
        open.push(read);
        continue;
      }
      open.push({ line: read.line });
      text += `${read.json ?? JSON.stringify(recordToJson(read.record, read.keepUntilDay))}\n`;
    }
    return text;
  }

  async function settle(answer: PublishAnswer): Promise<void> {
    await tellRefused();
    const sent = next();
    if (!('error' in answer)) {
      if (answer.outcome === 'taken') report.taken++;
      else report.known++;
      return;
    }
    const { code, message } = answer.error;
    if (!ABOUT_THE_LINE.has(code)) {
      stoppedBy ??= message;
      if (++metStop > MAX_TOLD_OF_STOP) return;
    }
    await report.refuseLine(sent?.line ?? 0, message);
  }

  /** Refused lines whose turn it is. */
  async function tellRefused(): Promise<void> {
    for (let first = open[head]; first?.reason !== undefined; first = open[head]) {
      next();
      await report.refuseLine(first.line, first.reason);
    }
  }

  function next(): OpenLine | undefined {
    const first = open[head++];
    if (head >= MAX_OPEN || head === open.length) {
      open.splice(0, head);
      head = 0;
    }
    return first;
  }
}
