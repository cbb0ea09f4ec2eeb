// Parties in memory on a clock that tests advance, one federation a test, closed after it.

import { afterEach } from 'vitest';
import { LYON } from '../../node/names.js';
import { type HastyClock, hastyClock } from './hasty-clock.js';
import { type Parties, type PartiesOptions, type Party, theParties, until } from './parties.js';

/** Those of the test that runs. */
export let parties: Parties;
export let clock: HastyClock;
afterEach(() => parties.close());

/** Parties that have no stream yet. */
export async function theyMeet(codes: string[], options: PartiesOptions = {}): Promise<void> {
  clock = hastyClock();
  parties = await theParties(codes, { over: 'memory', clock, ...options });
}

/** Parties in memory that all have a stream to Lyon and the whole registry. */
export async function theyAreLinked(codes: string[], options: PartiesOptions = {}): Promise<Party[]> {
  await theyMeet(codes, options);
  const all = codes.map((code) => parties.party(code));
  for (const party of all) party.exchange.keepLinkTo(LYON);
  await Promise.all(
    all.map((party) => until(party, () => hasRegistry(party) && isLinked(party, parties.lyon))),
  );
  return all;
}

export const hasRegistry = (party: Party): boolean =>
  party.registry.state.size === parties.lyon.registry.state.size && party.log !== undefined;

export const linkOf = (one: Party, other: Party) => one.exchange.linkTo(other.member);
export const isLinked = (one: Party, other: Party): boolean =>
  linkOf(one, other)?.session.consumer.compared() === true && linkOf(other, one) !== undefined;
export const has = (party: Party, author: Party, size: number) =>
  until(party, () => party.copyOf(author)?.size === size);
export const event = (party: Party, kind: string) => party.events.find((one) => one.kind === kind);
export const outcome = (party: Party, other: Party) => party.exchange.lastOutcome(other.member)?.code;

/** Lets time pass until the condition holds: for what waits on timers. */
export async function inTime(party: Party, holds: () => boolean, stepMs = 500): Promise<void> {
  let done = false;
  const met = until(party, holds).then(() => {
    done = true;
  });
  while (!done) {
    clock.advance(stepMs);
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.race([met, new Promise((resolve) => setTimeout(resolve, 2))]);
  }
}
