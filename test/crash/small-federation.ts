// A federation of real processes on loopback: Lyon and two countries, made by the commands that users have.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodeStatus } from '../../node/api.js';
import { aNodeProcess, icse, type NodeProcess } from './node-process.js';

export type Place = 'LYON' | 'NL' | 'AU';
export const PLACES: readonly Place[] = ['LYON', 'NL', 'AU'];

export interface SmallFederation {
  readonly nodes: Readonly<Record<Place, NodeProcess>>;
  /** Resolves with the status of a node once it fits. Throws when that takes longer than `patienceMs`. */
  until(
    place: Place,
    fits: (status: NodeStatus) => boolean,
    what: string,
    patienceMs?: number,
  ): Promise<NodeStatus>;
  /** Ends all nodes and removes the homes. */
  close(): Promise<void>;
}

/** Pause between two looks at a status. */
const LOOK_MS = 40;
const PATIENCE_MS = 60_000;
const LOOPBACK = '127.0.0.1:0';

/** All three running and ready; a home lies in `homes`, or else in a temporary folder. */
export async function aSmallFederation(homes: Partial<Record<Place, string>> = {}): Promise<SmallFederation> {
  const directory = await mkdtemp(join(tmpdir(), 'icse-crash-'));
  const home = (place: Place): string => homes[place] ?? join(directory, place);
  const nodes = Object.fromEntries(PLACES.map((place) => [place, aNodeProcess(home(place))])) as Record<
    Place,
    NodeProcess
  >;
  const federation: SmallFederation = {
    nodes,
    async until(place, fits, what, patienceMs = PATIENCE_MS) {
      const deadline = Date.now() + patienceMs;
      for (;;) {
        const status = await nodes[place].call((client) => client.status());
        if (fits(status)) return status;
        if (Date.now() > deadline) {
          throw new Error(`${place}: not in ${patienceMs / 1000} s: ${what} (${status.why})`);
        }
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    },
    async close() {
      await Promise.all(PLACES.map((place) => nodes[place].stop()));
      await rm(directory, { recursive: true, force: true });
    },
  };
  try {
    await icse('hub', 'create', '--home', home('LYON'), '--listen', LOOPBACK);
    await nodes.LYON.start();
    await Promise.all(
      (['NL', 'AU'] as const).map(async (code) => {
        const invitation = join(directory, `${code}.invitation`);
        await icse('member', 'invite', code, '--home', home('LYON'), '--out', invitation);
        await icse('join', '--home', home(code), '--invitation', invitation, '--listen', LOOPBACK);
        await nodes[code].start();
      }),
    );
    for (const place of PLACES) await federation.until(place, ({ ready }) => ready, 'ready to publish');
    return federation;
  } catch (error) {
    await federation.close();
    throw error;
  }
}
