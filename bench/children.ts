// Every process that is started here is ended here, by its id, whatever happens to the run.

import { type ChildProcess, fork, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A process that ended though it should not have, or not well. */
export class ChildEnded extends Error {}

/** A stop that takes longer is cut short. */
const STOP_MS = 15_000;

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a Node program as a child of this process. */
export function launch(args: readonly string[], options: SpawnOptions = {}): ChildProcess {
  return kept(
    spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', NODE_NO_WARNINGS: '1' },
      ...options,
    }),
  );
}

/** Starts a program of the bench's own, which is told what to do and tells what came of it in messages. */
export function launchOwn(program: string, task: unknown): ChildProcess {
  const child = kept(fork(program, [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }));
  child.send(task as object);
  return child;
}

/** The next message of a child. Throws ChildEnded when it ends instead. */
export async function message<T>(child: ChildProcess): Promise<T> {
  const waited = new AbortController();
  const { signal } = waited;
  try {
    return await Promise.race([
      once(child, 'message', { signal }).then(([value]) => value as T),
      once(child, 'close', { signal }).then(([code]) => {
        throw new ChildEnded(`${child.spawnargs.slice(1).join(' ')} ended with ${code}`);
      }),
    ]);
  } finally {
    waited.abort();
  }
}

/** Ends the child and resolves when it is gone. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await closed;
  clearTimeout(timer);
}

function kept(child: ChildProcess): ChildProcess {
  running.add(child);
  child.once('close', () => running.delete(child));
  return child;
}
