// What a peer says that it has of each log, and how much of that is so: beyond our own end, only what a checkpoint
// of the log's author covers. A bare number is anybody's; a hostile peer could keep us waiting for it for good.

import type { LogName } from '../names.js';
import type { LocalHead } from './messages.js';

export interface ClaimsSurroundings {
  head(log: LogName): LocalHead;
  /** How far the note shows its author to have gone: 0 when it shows nothing, undefined when that cannot be told yet. */
  proven(log: LogName, note: Uint8Array): number | undefined;
}

export interface Claims {
  /** The peer says so; true unless it is more than the checkpoint covers. What cannot be told yet is true so far. */
  say(log: LogName, size: number, note: Uint8Array): boolean;
  /** Entries up to there are on their way, under this checkpoint. */
  arriving(log: LogName, size: number, note: Uint8Array): void;
  /** How far the peer has the log for certain. */
  size(log: LogName): number;
  /** True while the peer says more than can be told to be so. */
  isOpen(log: LogName): boolean;
}

interface Claim {
  readonly size: number;
  readonly note: Uint8Array;
  proven: number | undefined;
}

/** More logs than a federation has; bounds what a peer can make us remember. */
const MAX_CLAIMS = 16_384;
/** A note with its author's line alone has some 300 bytes. */
const MAX_KEPT_NOTE = 1024;
const NO_NOTE = new Uint8Array(0);

export function createClaims(around: ClaimsSurroundings): Claims {
  const claims = new Map<LogName, Claim>();

  function put(log: LogName, size: number, note: Uint8Array): Claim | undefined {
    if (claims.size >= MAX_CLAIMS && !claims.has(log)) return undefined;
    const kept = note.length <= MAX_KEPT_NOTE ? new Uint8Array(note) : NO_NOTE;
    const claim = { size, note: kept, proven: undefined };
    claims.set(log, claim);
    return claim;
  }

  /** How far the claim is so; undefined when that cannot be told yet. */
  function provenSize(log: LogName, claim: Claim): number | undefined {
    // What we have ourselves needs no proof: nothing follows from it.
    if (claim.size <= around.head(log).size) return claim.size;
    claim.proven ??= around.proven(log, claim.note);
    return claim.proven === undefined ? undefined : Math.min(claim.size, claim.proven);
  }

  return {
    say(log, size, note) {
      const claim = put(log, size, note);
      return claim === undefined || (provenSize(log, claim) ?? size) >= size;
    },
    arriving(log, size, note) {
      if (size > (claims.get(log)?.size ?? 0)) put(log, size, note);
    },
    size(log) {
      const claim = claims.get(log);
      if (claim === undefined) return 0;
      return provenSize(log, claim) ?? Math.min(claim.size, around.head(log).size);
    },
    isOpen(log) {
      const claim = claims.get(log);
      return claim !== undefined && provenSize(log, claim) === undefined;
    },
  };
}
