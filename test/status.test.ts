import { describe, expect, it } from 'vitest';
import type { Exchange } from '../node/exchange/exchange.js';
import type { ReceiptBook } from '../node/exchange/receipt-book.js';
import type { StateMemory } from '../node/state-watch.js';
import { logStatuses } from '../node/status.js';
import { log } from './registry/acts.js';

const NL = log('NL');

/** A node that has NL's log up to 5; it is signed up to 20, and cut at 12. */
function aNode(): Exchange {
  const copy = { name: NL, size: 5, holes: 0, checkpoint: { size: 20, note: new Uint8Array(0) } };
  const key = new Uint8Array(32);
  const state = { logs: new Map([[NL, { key, cut: { size: 12 } }]]) };
  return {
    me: 'BE',
    logs: { registry: { log: { name: log('registry') }, state, hubKeys: { log: key } }, all: () => [copy] },
    isOwn: () => false,
    sourceOf: () => undefined,
    links: () => [],
  } as unknown as Exchange;
}

describe('the status of a log', () => {
  it('counts nothing as missing that lies above its cut', () => {
    const memory = { since: () => '' } as unknown as StateMemory;
    const [status] = logStatuses(aNode(), {} as ReceiptBook, memory);
    expect(status).toMatchObject({ size: 5, behind: 7, state: 'off' });
  });
});
