// Comparing notes: every checkpoint of the author that is seen anywhere is held against the log, so that an
// author who shows different trees to different members is found out.

import { create } from '@bufbuild/protobuf';
import { type Fault, FaultSchema } from '../../proto/gen/icse/v1/exchange_pb.js';
import type { LogName } from '../names.js';
import { BadCheckpoint } from '../tlog/checkpoint.js';
import { openAuthorNote } from './author-note.js';
import type { LogRules } from './log-rules.js';
import type { LogState, SignedHead } from './log-state.js';
import { NotesAhead } from './notes-ahead.js';

/** The log whose checkpoints are compared. */
export interface ComparedLog {
  readonly name: LogName;
  readonly rules: LogRules;
  /** On disk. */
  durable(): LogState;
  isFrozen(): boolean;
  rootAt(size: number): Promise<Uint8Array>;
  consistency(from: number, to: number): Promise<Uint8Array[]>;
  freeze(fault: Fault): Promise<void>;
}

export interface NoteComparison {
  /**
   * Compares a checkpoint that was seen anywhere with the log. Returns the proof when it shows a fork, and
   * freezes the log; one beyond our size waits until we are there. Throws BadCheckpoint when it is not the
   * author's.
   */
  consider(note: Uint8Array): Promise<Fault | undefined>;
  /** A verified head beyond the log's size that a newer one has taken the place of. */
  passed(head: SignedHead): void;
  /** The log has grown: compares those that it has come to. */
  reached(): Promise<void>;
}

export function createNoteComparison(log: ComparedLog): NoteComparison {
  const ahead = new NotesAhead<SignedHead>();

  /** The note as its author's; undefined when a registry's note is signed by a key not known here (any more). */
  function verified(note: Uint8Array): SignedHead | undefined {
    try {
      return openAuthorNote(log.name, note, (size) => log.rules.keysAt(size));
    } catch (error) {
      if (log.rules.isRegistry === true && error instanceof BadCheckpoint) return undefined;
      throw error;
    }
  }

  /** Compares a head of at most the settled size with the log; freezes it when they differ. */
  async function compare(seen: SignedHead, settled: SignedHead): Promise<Fault | undefined> {
    const root = await log.rootAt(seen.size);
    if (Buffer.compare(root, seen.root) === 0) return undefined;
    const fault = create(FaultSchema, {
      log: log.name,
      first: seen.note,
      second: settled.note,
      firstRoot: root,
      proof: await log.consistency(seen.size, settled.size),
    });
    await log.freeze(fault);
    return fault;
  }

  return {
    async consider(note) {
      if (log.isFrozen()) return undefined;
      const seen = verified(note);
      if (seen === undefined) return undefined;
      const { settled, checkpoint } = log.durable();
      if (settled !== undefined && seen.size <= settled.size) return compare(seen, settled);
      const other =
        checkpoint?.size === seen.size && Buffer.compare(checkpoint.root, seen.root) !== 0
          ? checkpoint
          : ahead.add(seen);
      if (other === undefined) return undefined;
      // Two trees of one size: no proof is needed, and we need not be there to see it.
      const fault = create(FaultSchema, { log: log.name, first: other.note, second: seen.note });
      await log.freeze(fault);
      return fault;
    },
    passed: (head) => void ahead.add(head),
    async reached() {
      const { settled } = log.durable();
      if (settled === undefined) return;
      for (const seen of ahead.reached(settled.size)) {
        if (log.isFrozen()) return;
        await compare(seen, settled);
      }
    },
  };
}
