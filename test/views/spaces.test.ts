import { expect, it } from 'vitest';
import { SPACE } from '../../node/views/spaces.js';

it('no two views share a key space', () => {
  const spaces = Object.values(SPACE);
  expect(new Set(spaces).size).toBe(spaces.length);
});
