// Callers that do not know of one another, served together: what is asked for within one turn of the event loop is
// done at once, so that two hundred callers with a record each cost little more than one with two hundred.

interface Asked<T, R> {
  readonly items: readonly T[];
  resolve(results: R[]): void;
  reject(error: unknown): void;
}

/** `act` must give a result for each item, in their order; when it throws, all who asked in that turn are told. */
export function inOneTurn<T, R>(
  act: (items: readonly T[]) => Promise<readonly R[]>,
): (items: readonly T[]) => Promise<R[]> {
  let asked: Asked<T, R>[] = [];

  async function answer(): Promise<void> {
    const together = asked;
    asked = [];
    try {
      const results = await act(together.flatMap(({ items }) => items));
      let from = 0;
      for (const { items, resolve } of together) {
        resolve(results.slice(from, from + items.length));
        from += items.length;
      }
    } catch (error) {
      for (const { reject } of together) reject(error);
    }
  }

  return (items) =>
    new Promise((resolve, reject) => {
      if (asked.push({ items, resolve, reject }) === 1) setImmediate(() => void answer());
    });
}
