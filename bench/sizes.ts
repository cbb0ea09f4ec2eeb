// How much each figure is made of: at full size, and quick, to see whether everything works.

export interface Sizes {
  /** Runs of a figure. */
  readonly runs: number;
  readonly publishing: { readonly seconds: number; readonly callers: number };
  readonly bulk: number;
  readonly replicated: number;
  readonly growth: { readonly small: number; readonly middle: number; readonly large: number };
  readonly lookup: { readonly hashes: number; readonly manyHashes: number; readonly batches: number };
  readonly million: number;
  readonly fanOut: {
    readonly subscribers: number;
    readonly seconds: number;
    readonly warmUpSeconds: number;
    readonly runs: number;
  };
  readonly peers: number;
}

export const FULL: Sizes = {
  runs: 3,
  publishing: { seconds: 6, callers: 200 },
  bulk: 100_000,
  replicated: 200_000,
  growth: { small: 100_000, middle: 400_000, large: 1_600_000 },
  lookup: { hashes: 200_000, manyHashes: 2_000_000, batches: 200 },
  million: 1_000_000,
  fanOut: { subscribers: 10, seconds: 10, warmUpSeconds: 20, runs: 3 },
  peers: 50_000,
};

export const QUICK: Sizes = {
  runs: 1,
  publishing: { seconds: 2, callers: 200 },
  bulk: 5000,
  replicated: 10_000,
  growth: { small: 5000, middle: 20_000, large: 40_000 },
  lookup: { hashes: 6000, manyHashes: 60_000, batches: 20 },
  million: 30_000,
  fanOut: { subscribers: 3, seconds: 3, warmUpSeconds: 1, runs: 1 },
  peers: 2000,
};
