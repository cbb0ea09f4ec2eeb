// The one who writes our own log: whether anything may be signed now, which log is ours now, and its appender.

import type { Clock } from '../clock.js';
import { NotReady, type OwnLogGuard } from '../exchange/own-log.js';
import type { KeyPair } from '../keys/ed25519.js';
import { type Appender, createAppender } from '../log/appender.js';
import type { Log } from '../log/log.js';
import type { Logs } from '../log/logs.js';
import type { LogName, MemberCode } from '../names.js';
import { ed25519Signer } from '../tlog/note.js';
import { guardedSigner } from './guarded-signer.js';

export interface WriterSurroundings {
  readonly clock: Clock;
  readonly logs: Logs;
  readonly me: MemberCode;
  readonly logKey: KeyPair;
  readonly guard: OwnLogGuard;
  /** Why the hub has suspended us; undefined when it has not. */
  suspended(): string | undefined;
  /** Resolves when the views have followed the log as far as it is now. */
  followed(log: LogName): Promise<void>;
}

/** The log that is ours now, and its writer. */
export interface OwnLog {
  readonly log: Log;
  readonly appender: Appender;
}

export interface OwnLogWriter {
  /** Resolves when something may be published. Throws NotReady. */
  ready(): Promise<void>;
  /** The log that the registry names for us now. Throws NotReady when nothing may be signed. */
  current(): OwnLog;
  /** Takes nothing more; resolves when what was taken is on disk. */
  close(): Promise<void>;
}

/** How long publishing waits for the views after a start; they follow 50,000 entries a second. */
const FOLLOW_MS = 10_000;

export function createOwnLogWriter(around: WriterSurroundings): OwnLogWriter {
  let own: OwnLog | undefined;
  let followed: { readonly log: LogName; readonly done: Promise<void>; isDone: boolean } | undefined;
  let closed = false;

  function checkAllowed(): void {
    if (closed) throw new NotReady('not-ready', `publishing is refused: the node of ${around.me} stops`);
    const suspended = around.suspended();
    if (suspended !== undefined) throw new NotReady('suspended', `publishing is refused: ${suspended}`);
  }

  /** Throws when nothing may be signed now, whatever was true when the publishing began. */
  function checkReady(): void {
    checkAllowed();
    if (!around.guard.ready()) throw new NotReady('own-log', `publishing is refused: ${around.guard.why()}`);
  }

  /**
   * Waits, once, until the views have what our log held when this node started: what was published before a
   * crash is known by its id to them alone, and would stand twice when it is sent again. Throws NotReady.
   */
  async function viewsFollow(): Promise<void> {
    const log = around.logs.registry.state.members.get(around.me)?.log;
    if (log === undefined) return;
    // Views that fail are no reason to publish nothing: the worst is an entry that stands twice.
    if (followed?.log !== log) {
      const done = around.followed(log).catch(() => {});
      const following = { log, done, isDone: false };
      void done.then(() => {
        following.isDone = true;
      });
      followed = following;
    }
    if (followed.isDone) return;
    const { done } = followed;
    let cancel = (): void => {};
    const late = new Promise<never>((_resolve, reject) => {
      const why = 'cannot publish yet: the views still follow our own log (icse views)';
      cancel = around.clock.after(FOLLOW_MS, () => reject(new NotReady('not-ready', why)));
    });
    await Promise.race([done, late]).finally(() => cancel());
  }

  return {
    async ready() {
      // First, because a suspended member hears from nobody how long its log is.
      checkAllowed();
      await around.guard.whenReady((ms, act) => around.clock.after(ms, act));
      await viewsFollow();
    },
    current() {
      const member = around.logs.registry.state.members.get(around.me);
      if (member === undefined)
        throw new NotReady('not-ready', `${around.me} is not yet in the registry that this node has`);
      const log = around.logs.get(member.log);
      if (log === undefined) throw new NotReady('not-ready', `the log ${member.log} is not open yet`);
      if (own?.log !== log) {
        const signer = guardedSigner(ed25519Signer(log.name, around.logKey), checkReady);
        own = { log, appender: createAppender(log, signer) };
      }
      checkReady();
      return own;
    },
    async close() {
      closed = true;
      await own?.appender.drained();
    },
  };
}
