// Work on statements that arrive one after another: done side by side, but for what takes something back. That begins
// when all before it is done, because it may be about it; and what comes behind it begins when it is done, because it
// may say anew what was taken back.

/** Begins the work when it is its turn; work never rejects. */
export type InTurn = <T>(isTakingBack: boolean, work: () => Promise<T>) => Promise<T>;

export function inTurn(): InTurn {
  let everything: Promise<unknown> = Promise.resolve();
  let lastTakingBack: Promise<unknown> | undefined;
  return (isTakingBack, work) => {
    const before = isTakingBack ? everything : lastTakingBack;
    const working = before === undefined ? work() : before.then(work);
    everything = Promise.all([everything, working]);
    if (isTakingBack) lastTakingBack = working;
    return working;
  };
}
