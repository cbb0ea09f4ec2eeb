// icse event, link, assess and retract: what is sent for what is typed, and what is said about it.

import { describe, expect, it } from 'vitest';
import { aServedNode, icse } from './a-socket.js';

const CHILD = '5f0c9a52-70f4-4a41-8c25-6d1d0f0f3c11';
const HASH = 'ab'.repeat(32);

describe('a statement from the command line', () => {
  it.each([
    [
      [
        'event',
        'victim-identified',
        '--subject',
        `AU/${CHILD}`,
        '--media',
        HASH,
        '--keep-until',
        '2099-01-01',
      ],
      { event: 'victim-identified', subject: `AU/${CHILD}`, media: [HASH], keepUntil: '2099-01-01' },
    ],
    [
      ['event', 'assistance-given', '--answers', 'AU:5', '--case', CHILD, '--series', CHILD],
      { event: 'assistance-given', answers: 'AU:5', case: CHILD, series: `NL/${CHILD}` },
    ],
    [
      ['link', HASH, 'depicts', CHILD, '--confidence', 'probable'],
      { link: 'depicts', from: HASH, to: `victim:NL/${CHILD}`, confidence: 'probable' },
    ],
    [
      ['assess', 'AU:5', 'dispute', '--reason', 'wrong-hash'],
      { assess: 'AU:5', verdict: 'dispute', reason: 'wrong-hash' },
    ],
    [['retract', 'NL:5', '--reason', 'court-order'], { retract: 'NL:5', reason: 'court-order' }],
  ])('is published: icse %j', async (args, statement) => {
    const { home, node } = await aServedNode();
    const { code, out, err } = await icse([...args, '--home', home, '--json']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(JSON.parse(out)).toEqual({ member: 'NL', index: 0, entry: 'ab'.repeat(32) });
    expect(node.published).toEqual([statement]);
  });

  it.each([
    [['event', 'holiday'], 'Allowed choices are victim-identified'],
    [['event', 'victim-identified', '--subject', 'x'], 'subject: "x", must be a UUID, or MEMBER/UUID'],
    [['link', HASH, 'depicts', 'x', '--confidence', 'probable'], 'to: "x", must be a hash, or victim:'],
    [['link', HASH, 'depicts', CHILD], "required option '--confidence <WORD>' not specified"],
    [['assess', 'NL', 'agree'], 'assess: "NL", must be a place such as NL:5'],
    [['retract', 'x', '--reason', 'court-order'], 'retract: "x", must be a place such as NL:5'],
    [['retract', 'NL:5'], "required option '--reason <CODE>' not specified"],
  ])('is refused as used wrongly: icse %j', async (args, sentence) => {
    const { home, node } = await aServedNode();
    const { code, err } = await icse([...args, '--home', home]);
    expect(code).toBe(2);
    expect(err).toContain(sentence);
    expect(node.published).toEqual([]);
  });
});
