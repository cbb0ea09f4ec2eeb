import { describe, expect, it } from 'vitest';
import type { RetractionReport } from '../../node/api.js';
import type { MemberCode } from '../../node/names.js';
import { aNode } from './a-node.js';
import { aServedNode, icse } from './a-socket.js';

const code = (text: string) => text as MemberCode;
const REPORT: RetractionReport = {
  retraction: 'NL:14',
  entry: 'NL:12',
  recordId: null,
  reason: 'court-order',
  confirmed: [code('AU'), code('LYON')],
  pending: [code('NO'), code('US')],
  reached: [code('US')],
  outOfReach: [code('FR')],
};

describe('icse purge', () => {
  const answer = { purged: 1234, holes: { retracted: 1230, expired: 4 }, waiting: 2, seconds: 0.5 };

  it('purges at once when it is told to, and says what went and what stays', async () => {
    const { home } = await aServedNode(aNode({ purge: async () => answer }));
    const told = await icse(['purge', '--now', '--home', home]);
    expect(told).toMatchObject({ code: 0, err: '' });
    expect(told.out).toContain('1,234 purged in 0.5 s: 1,230 retracted, 4 expired\n2 may no longer be kept');
    const json = await icse(['purge', '--now', '--home', home, '--json']);
    expect(JSON.parse(json.out)).toEqual(answer);
  });

  it('without --now says that the node does it by itself', async () => {
    const { home } = await aServedNode(aNode({ purge: () => Promise.reject(new Error('not to be asked')) }));
    expect(await icse(['purge', '--home', home])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/daily/),
    });
  });
});

describe('icse retractions', () => {
  it('shows for each retraction who has purged, who has it and has not, and who was not or cannot be reached', async () => {
    const { home } = await aServedNode(aNode({ retractions: async () => [REPORT] }));
    const shown = await icse(['retractions', '--home', home]);
    expect(shown.out).toMatch(
      /at +retracts +reason +confirmed by +has it, pending +not reached +out of reach/,
    );
    expect(shown.out).toMatch(/NL:14 +NL:12 +court-order +AU LYON +US +NO +FR/);
    const json = await icse(['retractions', '--home', home, '--json']);
    expect(JSON.parse(json.out)).toEqual([REPORT]);
  });

  it('says so when there is none', async () => {
    const { home } = await aServedNode(aNode());
    expect((await icse(['retractions', '--home', home])).out).toBe('nothing was retracted\n');
  });
});
