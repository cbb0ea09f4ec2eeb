// The hashes of an import on their way into the holdings of the node; nothing else of the records is kept.

import { hashesOf, hashText } from '../../node/statements/hashes.js';
import type { RecordLine } from '../formats/record-line.js';
import type { HoldingsAnswer, NodeClient } from '../socket/client.js';
import { NodeStopped } from '../socket/no-node.js';
import type { ImportReport } from './import-report.js';

/** Keeps what is read as holdings. Throws what the reading throws. */
export async function keepHoldings(
  node: NodeClient,
  batches: AsyncIterable<RecordLine[]>,
  label: string | undefined,
  report: ImportReport,
): Promise<void> {
  let readingError: unknown;
  let stoppedBy: string | undefined;
  let sentUpTo = 0;
  try {
    for await (const answers of node.addHoldings(holdings())) {
      for (const answer of answers) settle(JSON.parse(answer) as HoldingsAnswer);
    }
  } catch (error) {
    if (!(error instanceof NodeStopped) || sentUpTo === 0) throw error;
    stoppedBy = `${error.message}: import the file again when it runs; what was taken will be known`;
  }
  if (readingError !== undefined) throw readingError;
  if (stoppedBy !== undefined) await report.refuseFile(`stopped: ${stoppedBy}`);

  async function* holdings(): AsyncGenerator<string> {
    try {
      for await (const batch of batches) {
        let text = '';
        for (const read of batch) {
          sentUpTo = read.line;
          if ('reason' in read) await report.refuseLine(read.line, read.reason);
          else text += holdingLine(read);
        }
        if (text !== '') yield text;
        if (stoppedBy !== undefined) return;
      }
    } catch (error) {
      // Thrown when what was good before it has been answered.
      readingError = error;
    }
  }

  function holdingLine({ record }: Extract<RecordLine, { record: unknown }>): string {
    const hashes = hashesOf(record).map(({ algorithm, hash }) => hashText(algorithm, hash));
    return `${JSON.stringify(label === undefined ? { hashes } : { hashes, label })}\n`;
  }

  function settle(answer: HoldingsAnswer): void {
    if ('error' in answer) {
      stoppedBy ??= answer.error.message;
      return;
    }
    report.taken += answer.taken;
    report.known += answer.known;
  }
}
