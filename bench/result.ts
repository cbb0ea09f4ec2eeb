// What one figure came to, over all its runs.

export type Unit = '/s' | 'ms' | 'bytes';

/** A figure as it is printed. */
export interface Result {
  readonly name: string;
  /** Median of the runs. */
  readonly value: number;
  readonly unit: Unit;
  readonly runs: number;
  /** The largest run less the smallest, as a share of the median; 0 for one run. */
  readonly spread: number;
}

/** The figure that the values of several runs make. */
export function resultOf(name: string, unit: Unit, values: readonly number[]): Result {
  const sorted = [...values].sort((a, b) => a - b);
  const value = percentile(sorted, 50);
  const range = (sorted.at(-1) ?? 0) - (sorted[0] ?? 0);
  return {
    name,
    value: rounded(value),
    unit,
    runs: values.length,
    spread: value === 0 ? 0 : Math.round((range / value) * 1000) / 1000,
  };
}

/** The value below which so many per cent of the sorted values lie, by interpolation between neighbours. */
export function percentile(sorted: readonly number[], percent: number): number {
  const last = sorted.length - 1;
  if (last < 0) throw new Error('no values');
  const at = (last * percent) / 100;
  const below = sorted[Math.floor(at)] as number;
  const above = sorted[Math.ceil(at)] as number;
  return below + (above - below) * (at - Math.floor(at));
}

/** Nothing here is known to more than a tenth of a percent; small times keep their fractions. */
function rounded(value: number): number {
  return value >= 1000 ? Math.round(value) : Number(value.toPrecision(4));
}
