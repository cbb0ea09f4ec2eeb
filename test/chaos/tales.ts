// Who lies in a history, if anybody, and from when on. Most histories are honest; in the others chance spares the
// liar's own home, and what would take the last honest copy of a log does not happen.

import { LYON, type MemberCode } from '../../node/names.js';
import { CAUGHT_MS } from './caught-lies.js';
import type { Chance } from './chance.js';
import type { Federation } from './federation.js';
import { endCopiedHome, noteForks, runCopiedHome, showTwoFaces } from './two-faces.js';
import { lieOnWires } from './wire-lies.js';

export type TaleName =
  | 'honest'
  | 'lying member'
  | 'lying hub'
  | 'copied home'
  | 'forked log'
  | 'two registries';

export interface Tale {
  readonly name: TaleName;
  readonly liar: MemberCode | undefined;
  /** Kinds of events that do not happen in it. */
  readonly without: ReadonlySet<string>;
  /** The lie begins so long after the history at the latest. */
  readonly latestMs: number;
  /** The lie begins. */
  begin(federation: Federation): Promise<void>;
  /** Faults have ended: no more new lies. */
  end(federation: Federation): Promise<void>;
}

const SET_BACKS = ['restore from an old backup', 'hub loss', 'key replacement'];
const MEMBERSHIP = [
  ...SET_BACKS,
  'suspension',
  'suspension amid entries',
  'reinstatement',
  'late joiner',
  'hub restart',
];

/** Whoever lies on wires, or works at a copied home, needs time for it. */
const EARLY_MS = 30_000;
/** Two faces that are shown late find the streams that they are shown on still there when all is over. */
const LATE_MS = 200_000;

/** Draws the tale of a history. */
export function drawTale(plan: Chance, countries: readonly MemberCode[]): Tale {
  const name = plan.pick<TaleName>([
    ...Array.from({ length: 5 }, () => 'honest' as const),
    'lying member',
    'lying hub',
    'copied home',
    'forked log',
    'two registries',
  ]);
  const isHub = name === 'lying hub' || name === 'two registries';
  const liar = name === 'honest' ? undefined : isHub ? LYON : plan.pick(countries);
  const chance = plan.fork('lies');
  let repent: (() => void) | undefined;
  return {
    name,
    liar,
    without: new Set(name === 'honest' ? [] : name === 'two registries' ? MEMBERSHIP : SET_BACKS),
    latestMs: name === 'forked log' || name === 'two registries' ? LATE_MS : EARLY_MS,
    async begin(federation) {
      if (liar === undefined) return;
      if (name === 'copied home') await runCopiedHome(federation, liar);
      else if (name === 'forked log' || name === 'two registries')
        await showTwoFaces(federation, liar, chance);
      else {
        repent = lieOnWires(federation, liar, chance);
        // Streams that it has from now on are lied on.
        federation.nodes.get(liar)?.crash('reset');
        await federation.start(liar);
      }
    },
    async end(federation) {
      await noteForks(federation);
      if (liar === undefined) return;
      if (name === 'copied home') await endCopiedHome(federation, liar);
      if (repent === undefined) return;
      repent();
      // What was told last is caught, or not, before its stream ends.
      await federation.time.advance(2 * CAUGHT_MS);
      // What was withheld is seen to be missing when streams begin anew.
      federation.nodes.get(liar)?.crash('reset');
      await federation.start(liar);
    },
  };
}
