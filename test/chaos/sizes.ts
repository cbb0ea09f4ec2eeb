// How large a history is: how much is published at once, from where on views follow in bulk, how much a stream holds.

import { BULK, type BulkOptions } from '../../node/views/short-index.js';

export interface HistorySize {
  /** Members publish hundreds of entries at once. */
  readonly inBulk: boolean;
  readonly views: BulkOptions;
  /** Bytes under way in one direction of a stream before its sender has to wait: as a socket's buffers. */
  readonly streamBytes: number;
}

export const USUAL_SIZE: HistorySize = { inBulk: false, views: BULK, streamBytes: 256 * 1024 };

/** Logs of several bundles, followed in bulk and merged, on streams that are soon full. */
export const LARGE_SIZE: HistorySize = {
  inBulk: true,
  views: { ...BULK, least: 16, most: 64, fanIn: 2 },
  streamBytes: 8 * 1024,
};
