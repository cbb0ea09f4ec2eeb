// Lets many use a thing at once, or one alone: a database is used by many, and closed and opened again by one.

export interface Gate {
  /** Does the work, beside other such work, and not while somebody is alone. */
  use<T>(work: () => Promise<T>): Promise<T>;
  /** Does the work once nothing else is going on; what comes meanwhile waits until it is done. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

export function createGate(): Gate {
  const inUse = new Set<Promise<unknown>>();
  /** Settles when the last of those who asked to be alone is done. */
  let closed: Promise<unknown> | undefined;

  return {
    async use(work) {
      while (closed !== undefined) await closed;
      const using = work();
      const settled = using.catch(() => {});
      inUse.add(settled);
      try {
        return await using;
      } finally {
        inUse.delete(settled);
      }
    },
    async alone(work) {
      while (closed !== undefined) await closed;
      const alone = Promise.all(inUse).then(work);
      const settled = alone
        .catch(() => {})
        .finally(() => {
          closed = undefined;
        });
      closed = settled;
      return await alone;
    },
  };
}
