// icse show as people and programs read it, and the lines of the notices that come of statements.

import { describe, expect, it } from 'vitest';
import { Interrupted } from '../../gateway/cli/terminal.js';
import type { ShowAnswer } from '../../node/api.js';
import { aNode } from './a-node.js';
import { aServedNode, icse, until } from './a-socket.js';

const MD5 = 'ab'.repeat(16);
const VICTIM = 'victim:NL/00000000-0000-4000-8000-000000000001';
const OTHER = 'victim:AU/00000000-0000-4000-8000-000000000002';
const MADE_AT = '2026-01-31T12:00:00.000Z';

const ANSWER: ShowAnswer = {
  thing: VICTIM,
  nodes: [
    { thing: VICTIM, kind: 'victim' },
    { thing: MD5, kind: 'media', algorithm: 'md5' },
  ],
  edges: [
    {
      from: MD5,
      to: VICTIM,
      relation: 'depicts',
      confidence: 'probable',
      by: 'NL',
      entry: 'NL:5',
      madeAt: MADE_AT,
      counts: true,
      assessments: { agree: ['AU'], dispute: ['US'] },
    },
    {
      from: VICTIM,
      to: OTHER,
      relation: 'same-as',
      confidence: 'possible',
      by: 'US',
      entry: 'US:9',
      madeAt: MADE_AT,
      counts: false,
    },
  ],
  records: [],
  events: [
    { kind: 'assistance-asked', subject: VICTIM.slice(7), by: 'NL', entry: 'NL:6', madeAt: MADE_AT },
    { kind: 'assistance-given', answers: 'NL:6', by: 'AU', entry: 'AU:1', madeAt: MADE_AT },
  ],
  assessments: [],
  leads: [
    {
      by: 'FR',
      entry: 'FR:3',
      madeAt: MADE_AT,
      statement: { event: 'suspect-arrested', subject: 'FR/x', media: [MD5], readers: ['NL', 'US'] },
    },
  ],
  truncated: true,
};

async function aNodeThatKnows(answer: ShowAnswer) {
  return aServedNode(aNode({ show: async () => answer }));
}

describe('icse show', () => {
  it('prints a tree, the events as a thread, and that there is more', async () => {
    const { home } = await aNodeThatKnows(ANSWER);
    const { code, out } = await icse(['show', VICTIM, '--home', home]);
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.trimEnd())).toEqual([
      VICTIM,
      `├─ depicts  ${MD5} (md5)  probable, NL:5, 2026-01-31, AU agrees, US disputes`,
      `└─ same-as  ${OTHER}  possible, US:9, 2026-01-31, does not count`,
      '',
      expect.stringMatching(/^event +entry +made at +about/),
      expect.stringMatching(/^assistance-asked +NL:6/),
      expect.stringMatching(/^> assistance-given +AU:1/),
      '',
      expect.stringMatching(/^sealed +entry +made at +for/),
      expect.stringMatching(/^{"event":"suspect-arrested".* FR:3 .* NL, US$/),
      '',
      'there is more than is shown: ask from another thing',
      '',
    ]);
  });

  it('prints a graph for Graphviz, in which what does not count is dashed', async () => {
    const { home } = await aNodeThatKnows(ANSWER);
    const { out } = await icse(['show', VICTIM, '--dot', '--home', home]);
    expect(out).toBe(
      [
        'digraph icse {',
        `  "${VICTIM}" [shape=box, style=bold];`,
        `  "${MD5}" [shape=ellipse];`,
        `  "${MD5}" -> "${VICTIM}" [label="depicts\\nprobable\\nNL:5"];`,
        `  "${VICTIM}" -> "${OTHER}" [label="same-as\\npossible\\nUS:9", style=dashed];`,
        '}\n',
      ].join('\n'),
    );
  });

  it('prints the answer as it is for programs', async () => {
    const { home } = await aNodeThatKnows(ANSWER);
    const { out } = await icse(['show', VICTIM, '--json', '--home', home]);
    expect(JSON.parse(out)).toEqual(ANSWER);
  });

  it('says that nobody has said anything of what is unknown', async () => {
    const { home } = await aServedNode();
    const { code, out } = await icse(['show', VICTIM, '--home', home]);
    expect({ code, out }).toEqual({ code: 0, out: `${VICTIM}  nobody has said anything of it\n` });
  });

  it('says of what only sealed statements are about that nobody has said anything openly', async () => {
    const { home } = await aNodeThatKnows({ ...ANSWER, nodes: [], edges: [], events: [], truncated: false });
    const { out } = await icse(['show', VICTIM, '--home', home]);
    expect(out).toContain(`${VICTIM}  nobody has said anything of it openly\n`);
    expect(out).toContain('suspect-arrested');
  });

  it('is used wrongly with what is no thing, and with two forms at once', async () => {
    const { home } = await aServedNode();
    expect((await icse(['show', 'xyz', '--home', home])).code).toBe(2);
    expect((await icse(['show', VICTIM, '--json', '--dot', '--home', home])).code).toBe(2);
  });
});

describe('icse watch', () => {
  it('tells disputes and investigations that meet in one line each', async () => {
    const served = await aServedNode();
    served.node.tell('dispute', {
      entry: 'NL:5',
      member: 'AU',
      reason: 'wrong-hash',
      assessment: 'AU:7',
    });
    served.node.tell('deconfliction', {
      cases: [
        { member: 'AU', case: 'c1', entry: 'AU:9', sealed: true },
        { member: 'NL', case: 'c2', entry: 'NL:8' },
      ],
      thing: VICTIM,
    });
    const stop = new AbortController();
    let out = '';
    const watching = icse(['watch', '--from', '0', '--home', served.home], {
      signal: stop.signal,
      onOutput: (text) => {
        out += text;
      },
    });
    await until(() => out.split('\n').length === 3);
    stop.abort(new Interrupted());
    await watching;
    expect(out).toContain('dispute  AU disputes our NL:5: wrong-hash (AU:7)\n');
    expect(out).toContain(
      `deconfliction  AU (AU:9, case c1, sealed) and NL (NL:8, case c2) investigate what belongs together: ${VICTIM}\n`,
    );
  });
});
