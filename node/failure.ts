// The root of all typed errors: a stable code for programs, a sentence that a user can act on, the cause.

/** An error that is told to people and peers: `code` is stable, `message` is one sentence. */
export class Failure extends Error {
  readonly code: string;

  constructor(code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
  }
}

/** What an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
