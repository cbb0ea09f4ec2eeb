// What an operator asks of a node and of its hub: status, members, configuration.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../node/failure.js';
import { aNode } from './a-node.js';
import { aFolder, aServedNode, icse } from './a-socket.js';

describe('icse status and member list', () => {
  test('show tables to people', async () => {
    const receipts = [{ by: 'LYON', size: 1234, time: '2026-01-01T00:00:00Z' }];
    const log = {
      member: 'NL',
      log: 'icse/x/NL',
      size: 1234567,
      state: 'live',
      since: null,
      why: '',
      behind: 0,
      holes: 2,
      notAddressed: 1,
      purged: 0,
    };
    const connection = {
      member: 'LYON',
      direction: 'out' as const,
      state: 'stalled',
      since: '2026-01-01T00:00:00Z',
      why: 'waiting for AU',
    };
    const status = await aNode().api.status();
    const { home } = await aServedNode(
      aNode({
        status: async () => ({
          ...status,
          warnings: ['move the root'],
          connections: [connection],
          logs: [{ ...log, checkpoint: null, vkey: '', receipts }],
        }),
      }),
    );
    const { out } = await icse(['status', '--home', home]);
    expect(out.split('\n')).toEqual([
      'NL  ready to publish',
      `exchange at 127.0.0.1:7401, pid ${process.pid}, software test, certificate until 2026-12-31T00:00:00.000Z`,
      `federation ${'f'.repeat(64)}`,
      'warning: move the root',
      '',
      'connection  direction  state    since                 why',
      'LYON        out        stalled  2026-01-01T00:00:00Z  waiting for AU',
      '',
      'log       size  state  behind  holes  not addressed  since  why',
      'NL   1,234,567  live        0      2              1  -      -',
      '',
      'receipt for  by    up to  at',
      'NL           LYON  1,234  2026-01-01T00:00:00Z',
      '',
    ]);
  });

  test('give programs what the node says', async () => {
    const member = {
      member: 'AU',
      name: 'Australia',
      state: 'active',
      address: '',
      connected: true,
      lastSeen: null,
      lag: 3,
      certificate: null,
      invitation: null,
    };
    const { home } = await aServedNode(aNode({ hub: { list: async () => [member] } as never }));
    expect(JSON.parse((await icse(['member', 'list', '--json', '--home', home])).out)).toEqual([member]);
    expect((await icse(['member', 'list', '--home', home])).out).toContain(
      'AU      Australia  active  -        now',
    );
  });
});

describe('icse member invite', () => {
  test('writes a private file, and asks nothing of the hub when the file is there already', async () => {
    const folder = await aFolder();
    const out = join(folder, 'nl.invitation');
    const asked: object[] = [];
    const invite = async (request: object) => {
      asked.push(request);
      return '{"expires":"2026-01-31T12:00:00.000Z"}\n';
    };
    const { home } = await aServedNode(aNode({ hub: { invite } as never }));
    const argv = [
      'member',
      'invite',
      'NL',
      '--name',
      'Netherlands',
      '--quota',
      '10/2000',
      '--out',
      out,
      '--home',
      home,
      '--by',
      'ann',
    ];
    const first = await icse([...argv, '--json']);
    expect(first).toEqual({
      code: 0,
      out: `{"member":"NL","file":${JSON.stringify(out)},"expires":"2026-01-31T12:00:00.000Z"}\n`,
      err: '',
    });
    expect(asked).toEqual([
      {
        member: 'NL',
        by: 'ann',
        name: 'Netherlands',
        quota: { entries: 10, bytes: 2000 },
        confirm: false,
        replace: false,
      },
    ]);
    const { stat } = await import('node:fs/promises');
    expect((await stat(out)).mode & 0o777).toBe(0o600);
    expect(await icse(argv)).toMatchObject({ code: 2, err: expect.stringContaining('is not overwritten') });
    expect(asked).toHaveLength(1);
  });
});

describe('icse member confirm', () => {
  test.each([
    ['no fingerprint', 'bad-fingerprint', 2],
    ['another fingerprint', 'wrong-fingerprint', 1],
  ])('of %s is told in the words of the hub', async (_what, refusal, expected) => {
    const confirm = async () => {
      throw new Failure(refusal, 'listen again');
    };
    const { home } = await aServedNode(aNode({ hub: { confirm } as never }));
    const { code, err } = await icse(['member', 'confirm', 'NL', '--fingerprint', '1', '--home', home]);
    expect({ code, err }).toEqual({ code: expected, err: 'icse: listen again\n' });
  });
});

describe('icse config check', () => {
  test('names every wrong setting with its line', async () => {
    const home = await aFolder();
    const path = join(home, 'icse.yaml');
    await writeFile(path, 'listen: nowhere\npeers:\n  dail: [NL]\n');
    const { code, out, err } = await icse(['config', 'check', '--json', '--home', home]);
    expect(code).toBe(1);
    expect(err.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/icse\.yaml:1: listen: /),
      expect.stringMatching(/icse\.yaml:3: peers\.dail: unknown setting/),
    ]);
    expect(JSON.parse(out)).toMatchObject({ ok: false });
  });

  test('says that the file is good', async () => {
    const home = await aFolder();
    await writeFile(join(home, 'icse.yaml'), 'listen: 127.0.0.1:7401\n');
    expect(await icse(['config', 'check', '--home', home])).toMatchObject({ code: 0, err: '' });
  });
});
