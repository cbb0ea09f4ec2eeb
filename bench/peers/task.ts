// What the processes of replicate.hypercore and replicate.pouchdb are told, and what they tell.

export interface AuthorTask {
  readonly folder: string;
  readonly records: number;
}

export interface AuthorReady {
  readonly port: number;
  /** What the receiver must know of the author, as hex. */
  readonly key: string;
}

export interface ReceiverTask extends AuthorTask, AuthorReady {
  readonly setting: string;
}

/** From the connection's being up until every record is found by its hashes. */
export interface ReceiverDone {
  readonly tookMs: number;
}

/** Records in one batch, wherever there are batches. */
export const BATCH = 1000;

/** Runs the program on its task, and tells what came of it. */
export function onTask<Task>(act: (task: Task) => Promise<object>): void {
  process.once('message', (task: Task) => {
    act(task).then(
      (done) => process.send?.(done),
      (error: unknown) => {
        process.stderr.write(`${(error as Error).stack}\n`);
        process.exit(1);
      },
    );
  });
  process.once('disconnect', () => process.exit());
}
