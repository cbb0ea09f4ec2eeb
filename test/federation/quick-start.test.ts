// The example of README.md, as it stands there.

import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { aFederation, aMediaRecord } from './federation.js';

test('a picture that the Netherlands have on record turns up in Australia', async () => {
  const federation = await aFederation({ countries: ['NL', 'AU'] });
  const sha256 = randomBytes(32);
  await federation.node('NL').api.publish(aMediaRecord({ sha256 }), 0);
  await federation.node('AU').api.publish(aMediaRecord({ sha256 }), 0);
  const hit = await federation.hears('NL', ({ kind }) => kind === 'hit');
  expect(hit).toMatchObject({ mine: { record: 'NL:0' }, other: { member: 'AU', index: 0 } });
  await federation.close();
});
