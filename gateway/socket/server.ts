// The local socket: HTTP/1.1 over a Unix socket that only the home's owner can open (mode 0600 in a folder of
// mode 0700), for the command line and people's own programs. docs/API.md describes what it speaks.

import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { NodeApi } from '../../node/api.js';
import { Failure } from '../../node/failure.js';
import { holdingRoutes } from './holding-routes.js';
import { SocketCalls } from './http-call.js';
import { hubRoutes } from './hub-routes.js';
import { lookupRoutes } from './lookup-route.js';
import { NodeStopped, NoNode } from './no-node.js';
import { nodeRoutes } from './node-routes.js';
import { noticeRoutes } from './notice-routes.js';
import { publishRoutes } from './publish-route.js';
import { answerCall, type Call, type Handler, type Routes, type SocketLog } from './routing.js';
import { showRoutes } from './show-route.js';

/** A person's terminals and programs, many times over. */
const MAX_CONNECTIONS = 256;
/** Whoever reads its answers has them by then. */
const CLOSE_GRACE_MS = 5000;
/** A connection falls idle when its caller has sent all, which nothing tells. */
const LOOK_FOR_IDLE_MS = 20;

export interface SocketServer {
  /** Finishes what is under way, then resolves; a caller that does not read is left when the grace is over. */
  close(): Promise<void>;
}

/**
 * Serves the node at the path. The caller holds the lock of the home's store, so a socket that nobody answers
 * at is left over from a node that was killed, and is replaced. Throws Failure ('node-running', 'cannot-listen').
 */
export async function serveSocket(
  path: string,
  api: NodeApi,
  { log, graceMs = CLOSE_GRACE_MS }: { readonly log: SocketLog; readonly graceMs?: number },
): Promise<SocketServer> {
  await removeStale(path);
  const routes = routeTable();
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();
  // A publisher's call lasts as long as the publisher does.
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 0 }, (request, response) => {
    const answer = answerCall(routes, callOf(request, response), pathOf(request)).finally(() => {
      underWay.delete(answer);
    });
    underWay.add(answer);
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.listen({ path });
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new Failure('cannot-listen', `cannot listen at ${path}: ${(cause as Error).message}`, cause);
  }
  await chmod(path, 0o600);
  server.on('error', (error) => log.error({ err: error }, 'the local socket has an error'));

  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      stopping.abort();
      const grace = setTimeout(() => server.closeAllConnections(), graceMs);
      const idle = setInterval(() => server.closeIdleConnections(), LOOK_FOR_IDLE_MS);
      await Promise.all(underWay);
      await closed;
      clearInterval(idle);
      clearTimeout(grace);
    },
  };

  function callOf(request: IncomingMessage, response: ServerResponse): Call {
    const query = new URLSearchParams(request.url?.split('?', 2)[1] ?? '');
    if (stopping.signal.aborted) response.setHeader('connection', 'close');
    return { api, log, request, response, query, stopping: stopping.signal };
  }
}

function routeTable(): ReadonlyMap<string, Handler> {
  const groups: Routes[] = [
    publishRoutes,
    lookupRoutes,
    showRoutes,
    noticeRoutes,
    holdingRoutes,
    nodeRoutes,
    hubRoutes,
  ];
  return new Map(groups.flatMap((routes) => Object.entries(routes)));
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?', 1)[0] as string;
}

async function removeStale(path: string): Promise<void> {
  const calls = new SocketCalls(path, path);
  try {
    const { pid } = await calls.json<{ pid: number }>('GET', '/status');
    throw new Failure('node-running', `a node is running already (pid ${pid})`);
  } catch (error) {
    if (!(error instanceof NoNode || error instanceof NodeStopped)) throw error;
    await rm(path, { force: true });
  } finally {
    calls.close();
  }
}
