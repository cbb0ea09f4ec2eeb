// Why a call on the local socket has no answer: no node listens, it stopped meanwhile, or it refuses.

import { Failure } from '../../node/failure.js';

/** Nothing listens at the socket of the home: `code` is 'no-node'. */
export class NoNode extends Failure {
  constructor(home: string, cause?: unknown) {
    super('no-node', `no node runs on ${home}; start it with: icse start --home ${home}`, cause);
  }
}

/** The node went away before it had answered: `code` is 'node-stopped'. */
export class NodeStopped extends Failure {
  constructor(home: string, cause?: unknown) {
    super('node-stopped', `the node on ${home} has stopped`, cause);
  }
}

/** The node's own refusal, with its code and sentence. */
export class NodeRefused extends Failure {
  /** The HTTP status that came with it. */
  readonly status: number;

  constructor(status: number, code: string, message: string) {
    super(code, message);
    this.status = status;
  }
}
