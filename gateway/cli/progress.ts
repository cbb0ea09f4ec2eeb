// The progress of an import on a terminal; elsewhere nothing, so that logs stay clean.

import { SingleBar } from 'cli-progress';
import { type Terminal, wantsColour } from './terminal.js';

export interface Progress {
  /** Bytes read so far; `totalBytes` is undefined for a pipe, which has no end in sight. */
  show(bytesRead: number, totalBytes: number | undefined): void;
  /** Makes way for a line on the same stream; the bar is drawn again below it. */
  clear(): void;
  end(): void;
}

const NONE: Progress = { show() {}, clear() {}, end() {} };

/** A bar on standard error when that is a terminal. */
export function progressOf(terminal: Terminal): Progress {
  const { stderr, env } = terminal;
  if (stderr.isTTY !== true || !wantsColour(env)) return NONE;
  const bar = new SingleBar({
    stream: stderr,
    format: '{bar} {percentage}%  {value} of {total} MB  {eta_formatted} to go',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    clearOnComplete: true,
    hideCursor: true,
    noTTYOutput: false,
  });
  let isShown = false;
  return {
    show(bytesRead, totalBytes) {
      if (totalBytes === undefined) return;
      if (!isShown) bar.start(megabytes(totalBytes), 0);
      isShown = true;
      bar.update(megabytes(bytesRead));
    },
    clear() {
      if (isShown) stderr.write('\r\x1b[K');
    },
    end() {
      if (isShown) bar.stop();
      isShown = false;
    },
  };
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 100_000) / 10;
}
