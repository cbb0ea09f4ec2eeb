// The part of hypercore 10 that is used here.

import type { Duplex } from 'node:stream';
import { peer } from './install.js';

export interface Core {
  readonly key: Uint8Array;
  ready(): Promise<void>;
  append(blocks: Uint8Array[]): Promise<unknown>;
  get(index: number): Promise<Uint8Array>;
  download(range: { start: number; end: number; linear?: boolean }): { done(): Promise<void> };
  replicate(isInitiator: boolean): Duplex;
  close(): Promise<void>;
}

type CoreClass = new (folder: string, key?: Uint8Array) => Core;

/** Opens the core of the folder; `key` is the author's, at a receiver. */
export async function openCore(folder: string, key?: Uint8Array): Promise<Core> {
  const Hypercore = peer<CoreClass>('hypercore');
  const core = key === undefined ? new Hypercore(folder) : new Hypercore(folder, key);
  await core.ready();
  return core;
}
