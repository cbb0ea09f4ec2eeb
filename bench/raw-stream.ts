// What the two processes of replicate.rawLimit are told, and what the receiver tells.

export interface SenderTask {
  /** The author's home, whose node is stopped. */
  readonly home: string;
  readonly author: string;
  readonly entries: number;
}

export interface ReceiverTask {
  /** The receiver's home, for its certificate. */
  readonly home: string;
  readonly author: string;
  readonly address: string;
  readonly entries: number;
  /** Where the database is made. */
  readonly database: string;
}

/** From the stream's being up until the last bundle is on disk. */
export interface ReceiverDone {
  readonly tookMs: number;
}

/** Entries in a bundle, as the log has them. */
export const BUNDLE = 256;
