// Whether this node's clock agrees with those of its peers, by what they said in their hellos. A wrong clock must not
// destroy data, so nothing is purged for its age before more than half of the peers agree; alone, nothing is.
//
// The clock may be set while a stream lives, and then an old hello says nothing of it. But a clock that is set by more
// than a day makes every earlier hello more than a day old, and one that is set by less destroys nothing: bytes go a
// day late. So hellos of the last day count, and no others.

const AGREE_MS = 5 * 60_000;
const FRESH_MS = 86_400_000;

/** When a peer said hello, by this node's clock, and how far its clock was ahead. */
export interface ComparedClock {
  readonly since: number;
  readonly skewMs: number;
}

/** True when more than half of the clocks that were compared within a day agree with this one. */
export function clocksAgree(compared: readonly ComparedClock[], nowMs: number): boolean {
  const fresh = compared.filter(({ since }) => since <= nowMs && nowMs - since < FRESH_MS);
  const agreeing = fresh.filter(({ skewMs }) => Math.abs(skewMs) <= AGREE_MS);
  return agreeing.length * 2 > fresh.length;
}
