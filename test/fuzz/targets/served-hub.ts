// A hub with real keys and stores, running, with its local socket. Its home is a copy, so that another can begin anew
// without keys being made again.

import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { placeSocket } from '../../../gateway/socket/place.js';
import { serveSocket } from '../../../gateway/socket/server.js';
import { systemClock } from '../../../node/clock.js';
import { createHub } from '../../../node/hub/create.js';
import { startNode } from '../../../node/node.js';

export interface ServedHub {
  /** Of the socket. */
  readonly path: string;
  /** What the socket put down as an error of its own since this was asked last; undefined when there was none. */
  takeError(): unknown;
  close(): Promise<void>;
}

const QUIET = { debug() {}, info() {}, warn() {}, error() {} };

/** The folder of a hub's home in which nothing has happened yet. */
export async function aHubHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'icse-fuzz-'));
  await createHub({ home, listen: '127.0.0.1:0', clock: systemClock, random });
  return home;
}

/** Runs the hub on a copy of the home, which goes when it is closed. */
export async function serveHub(original: string): Promise<ServedHub> {
  const home = await mkdtemp(join(tmpdir(), 'icse-fuzz-'));
  await cp(original, home, { recursive: true });
  const node = await startNode({ home, log: QUIET, random });
  const path = await placeSocket(home, {});
  let error: unknown;
  const log = {
    info() {},
    error(facts: object) {
      error = (facts as { err?: unknown }).err ?? 'an error without a name';
    },
  };
  const server = await serveSocket(path, node.api, { log, graceMs: 100 });
  return {
    path,
    takeError() {
      const found = error;
      error = undefined;
      return found;
    },
    async close() {
      await server.close();
      await node.close('the fuzzing is over');
      await rm(home, { recursive: true, force: true });
    },
  };
}

function random(sizeBytes: number): Uint8Array {
  return new Uint8Array(randomBytes(sizeBytes));
}
