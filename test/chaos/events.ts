// What may happen to a federation in a history, each kind with its weight: work, faults of network, disk and clock,
// and acts of the hub's operator. Every draw comes from the history's chance.

import { LYON, parseMemberCode } from '../../node/names.js';
import {
  backUp,
  crash,
  loseHub,
  powerCutAtWrite,
  restart,
  restartMember,
  restore,
  setClock,
  slowDisk,
} from './home-faults.js';
import { join, reinstate, replaceKeys, suspend, suspendAmidEntries } from './membership-acts.js';
import {
  cutLink,
  darkPath,
  duplicateDial,
  partition,
  simultaneousDial,
  slowNetwork,
} from './network-faults.js';
import { sayNewer } from './newer-statements.js';
import { publishAt, sayAt, sealAt } from './sayings.js';
import type { Happening } from './scene.js';

const MAX_MANY = 40;
/** More than a bundle has, and up to nearly three. */
const BULK = [300, 700] as const;

export interface EventKind {
  readonly name: string;
  readonly weight: number;
  readonly happen: Happening;
}

export const EVENTS: readonly EventKind[] = [
  { name: 'publish one', weight: 60, happen: (scene) => publishAt(scene, 1) },
  { name: 'publish many', weight: 8, happen: (scene) => publishAt(scene, scene.chance.int(2, MAX_MANY)) },
  { name: 'publish in bulk', weight: 2, happen: (scene) => publishAt(scene, scene.chance.int(...BULK)) },
  { name: 'statement', weight: 12, happen: sayAt },
  { name: 'sealed lead', weight: 6, happen: sealAt },
  { name: 'unknown statement', weight: 4, happen: sayNewer },
  { name: 'link cut', weight: 10, happen: cutLink },
  { name: 'dark path', weight: 5, happen: darkPath },
  { name: 'partition', weight: 3, happen: partition },
  { name: 'slow network', weight: 3, happen: slowNetwork },
  { name: 'slow disk', weight: 3, happen: slowDisk },
  { name: 'duplicate dial', weight: 4, happen: duplicateDial },
  { name: 'simultaneous dial', weight: 4, happen: simultaneousDial },
  { name: 'clock skew', weight: 2, happen: (scene) => setClock(scene, 120_000) },
  { name: 'clock jump', weight: 2, happen: (scene) => setClock(scene, 3_600_000) },
  { name: 'kill', weight: 5, happen: (scene) => crash(scene, 'reset') },
  { name: 'power cut', weight: 4, happen: (scene) => crash(scene, 'silence') },
  { name: 'power cut at a write', weight: 6, happen: powerCutAtWrite },
  { name: 'restart', weight: 3, happen: restart },
  { name: 'hub restart', weight: 2, happen: (scene) => restartMember(scene, LYON) },
  { name: 'backup', weight: 3, happen: backUp },
  { name: 'restore from an old backup', weight: 2, happen: restore },
  { name: 'hub loss', weight: 0.7, happen: loseHub },
  { name: 'late joiner', weight: 2, happen: join },
  { name: 'suspension', weight: 2, happen: suspend },
  { name: 'suspension amid entries', weight: 2, happen: suspendAmidEntries },
  { name: 'reinstatement', weight: 3, happen: reinstate },
  { name: 'key replacement', weight: 1, happen: replaceKeys },
];

/** After these some streams begin anew. */
export const BREAKS_STREAMS: ReadonlySet<string> = new Set([
  'link cut',
  'dark path',
  'partition',
  'duplicate dial',
  'simultaneous dial',
  'clock jump',
  'kill',
  'power cut',
  'power cut at a write',
  'restart',
  'hub restart',
  'restore from an old backup',
  'hub loss',
  'key replacement',
]);

export const COUNTRIES = ['NL', 'AU', 'US', 'FR', 'DE', 'JP', 'BR', 'EUROPOL'].map(parseMemberCode);
