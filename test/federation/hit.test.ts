import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aFederation, aMediaRecord, type Federation, random } from './federation.js';

describe('a federation of Lyon, Australia and the United States', () => {
  let federation: Federation;
  beforeAll(async () => {
    federation = await aFederation({ countries: ['AU', 'US'] });
  });
  afterAll(() => federation.close());

  it('tells Australia within a second when the United States publishes what Australia has', async () => {
    const sha256 = random(32);
    const first = await federation.node('AU').api.publish(aMediaRecord({ sha256 }), 0);
    const startedAt = performance.now();
    await federation.node('US').api.publish(aMediaRecord({ sha256 }), 0);
    const hit = await federation.hears('AU', (notice) => notice.kind === 'hit');
    console.log('hit after', performance.now() - startedAt);
    expect(hit).toMatchObject({
      hash: Buffer.from(sha256).toString('hex'),
      algorithm: 'sha256',
      mine: { record: `AU:${first.index}` },
      other: { member: 'US', index: 0 },
    });
  });
});
