import { afterEach, describe, expect, it } from 'vitest';
import { LYON } from '../../node/names.js';
import { aRecord, type Parties, theParties, until } from './parties.js';

describe('countries and Lyon swap signed logs', () => {
  let parties: Parties;
  afterEach(() => parties.close());

  it('brings what Australia publishes to the United States through Lyon', async () => {
    parties = await theParties(['AU', 'US']);
    const [au, us] = [parties.party('AU'), parties.party('US')];
    au.exchange.keepLinkTo(LYON);
    us.exchange.keepLinkTo(LYON);
    await until(au, () => au.exchange.guard.ready());
    const entries = Array.from({ length: 300 }, () => aRecord());
    await Promise.all(entries.map((entry) => au.appender.append(entry)));
    await until(us, () => us.logs.get(au.log.name)?.size === 300);
    expect(us.logs.get(au.log.name)?.root).toEqual(au.log.root);
    const [last] = (await us.logs.get(au.log.name)?.read(299, 300)) ?? [];
    expect(Buffer.from(last as Uint8Array)).toEqual(Buffer.from(entries[299] as Uint8Array));
  });
});
