// When a certificate is due for renewal.

import { expect, test } from 'vitest';
import { renewalDueAt } from '../../certs/renewal.js';

test('a certificate of 30 days is renewed after 20', () => {
  const notBefore = new Date('2026-03-01T12:00:00Z');
  const notAfter = new Date('2026-03-31T12:00:00Z');
  expect(renewalDueAt({ notBefore, notAfter })).toEqual(new Date('2026-03-21T12:00:00Z'));
});
