// A small federation of the report in every run of the tests; all 51 with `npm run -s simulate`.

import { describe, expect, it } from 'vitest';
import { simulate } from './simulation.js';

const SMALL = { members: 8, records: 600, identifications: 1000 };

describe('Lyon and seven countries that publish in any order, with broken connections', () => {
  it('end with the same logs and views, and have told the thousandth victim once', async () => {
    const result = await simulate(5, SMALL);
    expect(result.faults).toEqual([]);
    expect(result).toMatchObject({ ok: true, victimsIdentified: 1000, milestones: [1000] });
    expect(result.members.map(({ entries }) => entries)).toEqual(new Array(8).fill(1600));
    expect(result.arrivalOrders).toBeGreaterThan(1);
    expect(
      new Set([...result.members.map(({ viewsDigest }) => viewsDigest), result.rebuiltDigest]).size,
    ).toBe(1);
  });

  it('end with the views of the last time from the same seed, and with others from another', async () => {
    const small = { ...SMALL, records: 100, identifications: 50 };
    const [one, again, other] = [
      await simulate(1, small),
      await simulate(1, small),
      await simulate(2, small),
    ];
    expect(again.members).toEqual(one.members);
    expect(again.bytesSent).toBe(one.bytesSent);
    expect(other.rebuiltDigest).not.toBe(one.rebuiltDigest);
  });
});
