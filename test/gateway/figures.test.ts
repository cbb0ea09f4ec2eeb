// icse figures, as people see it and as programs do.

import { expect, it } from 'vitest';
import type { FederationFigures } from '../../node/api.js';
import { aNode, NO_FIGURES } from './a-node.js';
import { aServedNode, icse } from './a-socket.js';

const FIGURES: FederationFigures = {
  ...NO_FIGURES,
  victimsIdentified: 10_000,
  records: 7,
  byMember: [
    { member: 'AU', ...NO_FIGURES, records: 7 },
    { member: 'NL', ...NO_FIGURES, victimsIdentified: 10_000 },
  ],
  months: [
    { month: '2026-09', events: { 'victim-identified': 2500, 'suspect-arrested': 3 } },
    { month: '2026-10', events: { 'suspect-arrested': 3 } },
    { month: '2026-11', events: { 'victim-identified': 10_000 } },
  ],
};

it('figures are a table and a bar for each month', async () => {
  const { home } = await aServedNode(aNode({ figures: async () => FIGURES }));
  const { out } = await icse(['figures', '--home', home]);
  expect(out.split('\n')).toEqual([
    'member  victims identified  safeguarded  suspects  arrested  records  overlaps',
    'AU                       0            0         0         0        7         0',
    'NL                  10,000            0         0         0        0         0',
    'in all              10,000            0         0         0        7         0',
    '',
    'victims told to be identified, by month',
    `2026-09  ${'█'.repeat(10)} 2,500`,
    `2026-11  ${'█'.repeat(40)} 10,000`,
    '',
  ]);
});

it('figures are JSON for programs', async () => {
  const { home } = await aServedNode(aNode({ figures: async () => FIGURES }));
  expect(JSON.parse((await icse(['figures', '--home', home, '--json'])).out)).toEqual(FIGURES);
});
