// In which order logs are followed. Those that are nearly followed come first, each once, because somebody may be waiting
// for what they say; then one that is far behind, and so on: so one member's hundred thousand entries hold up nobody
// else's by more than a step, and however many say something now and then, those that are behind get on.

import type { LogName } from '../names.js';
import type { SourceLog } from './source.js';

export class Turns {
  readonly #farBehind: number;
  /** Nearly followed logs that had their turn since one that is far behind had. */
  readonly #hadTurn = new Set<LogName>();
  #lastFar: LogName | undefined;

  /** With at least so many entries to follow a log is far behind. */
  constructor(farBehind: number) {
    this.#farBehind = farBehind;
  }

  /** The log whose turn it is, with these cursors; undefined when there is nothing to follow. */
  next(listed: readonly SourceLog[], cursors: ReadonlyMap<LogName, number>): SourceLog | undefined {
    const far: SourceLog[] = [];
    const near: SourceLog[] = [];
    for (const log of listed) {
      const left = log.countedTo - (cursors.get(log.log) ?? 0);
      if (left >= this.#farBehind) far.push(log);
      else if (left > 0) near.push(log);
    }
    return near.find(({ log }) => !this.#hadTurn.has(log)) ?? this.#nextFar(listed, far) ?? near[0];
  }

  /** The log was given its turn from there on. */
  taken({ log, countedTo }: SourceLog, from: number): void {
    const isFar = countedTo - from >= this.#farBehind;
    if (isFar) this.#lastFar = log;
    if (isFar || this.#hadTurn.has(log)) this.#hadTurn.clear();
    if (!isFar) this.#hadTurn.add(log);
  }

  #nextFar(listed: readonly SourceLog[], far: readonly SourceLog[]): SourceLog | undefined {
    const last = listed.findIndex(({ log }) => log === this.#lastFar);
    return far.find((candidate) => listed.indexOf(candidate) > last) ?? far[0];
  }
}
