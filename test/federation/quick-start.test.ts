// The example of README.md, as it stands there.

import { createHash } from 'node:crypto';
import { aFederation } from 'icse-exchange/federation';
import { expect, test } from 'vitest';

test('a picture that Australia has on record is recognised in the United States', async () => {
  const federation = await aFederation({ countries: ['AU', 'US'] });
  const sha256 = createHash('sha256').update('a picture').digest('hex');
  await federation.publish('AU', { sha256, kind: 'image' });
  const mend = federation.cut('US');
  await federation.publish('US', { sha256 });
  mend();
  for (const [country, other] of [
    ['AU', 'US'],
    ['US', 'AU'],
  ] as const) {
    const hit = await federation.nextHit(country);
    expect(hit).toMatchObject({ hash: sha256, mine: { record: `${country}:0` }, other: { member: other } });
  }
  await federation.close();
});
