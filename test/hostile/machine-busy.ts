// How busy the machine is with other processes than the test's: what is measured takes so much longer.

import { availableParallelism, loadavg } from 'node:os';

/**
 * A machine busier than that measures itself alone; without an end, no bound would be one. Not 4: with four to
 * six processes for each core, half a second was measured as 2.03 s.
 */
const MOST_BUSY = 6;

let busiest = 1;

/** How many processes have wanted each core so far, at the busiest look: at least 1, at most 6. */
export function howBusy(): number {
  const [lastMinute = 0] = loadavg();
  busiest = Math.max(busiest, Math.min(MOST_BUSY, lastMinute / availableParallelism()));
  return busiest;
}
