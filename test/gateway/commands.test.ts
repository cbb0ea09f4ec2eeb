import { once } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { run } from '../../gateway/cli/run.js';
import { Interrupted } from '../../gateway/cli/terminal.js';
import { aNode } from './a-node.js';
import { aFolder, aServedNode, icse, jsonLines, until } from './a-socket.js';

const MD5 = 'ab'.repeat(16);
const md5 = (n: number) => n.toString(16).padStart(32, '0');
describe('the command line', () => {
  test.each([
    'hub',
    'hub create',
    'hub root-crl',
    'hub rotate',
    'hub new-epoch',
    'join',
    'start',
    'import',
    'publish',
    'event',
    'link',
    'assess',
    'retract',
    'lookup',
    'show',
    'watch',
    'hits',
    'holdings',
    'holdings list',
    'holdings remove',
    'figures',
    'status',
    'member',
    'member list',
    'member invite',
    'member confirm',
    'member amend',
    'member suspend',
    'member reinstate',
    'views',
    'views rebuild',
    'config',
    'config check',
    'faults',
    'verify',
    'demo',
  ])('tells how to use icse %s', async (command) => {
    const { code, out, err } = await icse([...command.split(' '), '--help']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`Usage: icse ${command}`);
    expect(out).toMatch(/Examples?:\n {2}(?:icse|sha256sum|echo)/);
  });

  test.each([
    ['nothing', [], 'Usage: icse'],
    ['an unknown command', ['frobnicate'], "icse: unknown command 'frobnicate'"],
    ['an unknown option', ['status', '--frob', '--home', 'x'], "icse: unknown option '--frob'"],
    ['no home', ['status'], 'icse: name the home of the node with --home DIR, or in ICSE_HOME'],
    ['a wrong number', ['watch', '--from', 'x', '--home', 'x'], 'It must be a whole number from 0.'],
    ['a wrong date', ['hits', '--since', '2026-13-40', '--home', 'x'], 'It must be a UTC day or time'],
    ['a wrong member', ['hits', '--member', 'uk', '--home', 'x'], 'is not a member code'],
    ['the code of no country', ['member', 'suspend', 'UK', '--home', 'x'], 'write GB'],
    ['a wrong address', ['hub', 'create', '--listen', 'nowhere', '--home', 'x'], 'is not host:port'],
    [
      'a wrong quota',
      ['member', 'amend', 'NL', '--quota', '5', '--home', 'x'],
      'It must be ENTRIES/BYTES a day',
    ],
    ['nothing to amend', ['member', 'amend', 'NL', '--home', 'x'], 'name --address HOST:PORT'],
    ['a wrong kind', ['import', 'f', '--kind', 'song', '--home', 'x'], 'It must be one of image, video.'],
    [
      'a wrong classification',
      ['import', 'f', '--classification', 'NL', '--home', 'x'],
      'It must be SCHEME:CODE',
    ],
    [
      'a wrong day',
      ['import', 'f', '--keep-until', 'soon', '--home', 'x'],
      'It must be a day such as 2030-12-31.',
    ],
    ['a file to publish', ['publish', 'f', '--home', 'x'], 'icse: publish reads standard input'],
    ['what is no hash', ['lookup', 'xyz', '--home', 'x'], 'icse: "xyz" is no hash'],
    [
      'nothing to remove',
      ['holdings', 'remove', '--home', 'x'],
      'icse: name either --label REF or hashes to remove',
    ],
    ['a wrong fingerprint', ['verify', 'f', '--root-fingerprint', '12'], 'It must be 64 hex digits.'],
  ])('given %s was used wrongly: 2, and one line', async (_what, argv, sentence) => {
    const { code, out, err } = await icse(argv);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(sentence);
    if (argv.length > 0) expect(err.trimEnd().split('\n')).toHaveLength(1);
  });

  test.each([
    ['status'],
    ['watch'],
    ['hits'],
    ['views'],
    ['holdings', 'list'],
    ['member', 'list'],
    ['lookup', MD5],
    ['publish', '-'],
    ['import', '-', '--format', 'jsonl'],
  ])('says for %s that no node runs, and how to start it', async (...argv) => {
    const home = await aFolder();
    expect(await icse([...argv, '--home', home], { stdin: `{"md5":"${MD5}"}\n` })).toEqual({
      code: 1,
      out: '',
      err: `icse: no node runs on ${home}; start it with: icse start --home ${home}\n`,
    });
  });

  test('takes the home from ICSE_HOME', async () => {
    const { home } = await aServedNode();
    const { code, out } = await icse(['status', '--json'], { env: { ICSE_HOME: home } });
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ member: 'NL', ready: true });
  });

  test('passes on what the node refuses, with its sentence', async () => {
    const { home } = await aServedNode();
    const { code, err } = await icse(['member', 'list', '--home', home]);
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringContaining('icse: this is the node of NL; only the hub'),
    });
  });

  test('tells a fault of its own in one line, without a stack', async () => {
    const { home } = await aServedNode(aNode({ status: async () => ({}) as never }));
    const { code, err } = await icse(['status', '--home', home]);
    expect(code).toBe(1);
    expect(err).toMatch(/^icse: an error inside icse: [^\n]+\n$/);
  });

  test('ends quietly when nobody reads on', async () => {
    const served = await aServedNode();
    for (let n = 0; n < 100; n++) served.node.tell('member', { n });
    const stdout = new Writable({
      write(_chunk, _encoding, done) {
        done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
      },
    });
    let err = '';
    const stderr = new Writable({
      write(chunk, _encoding, done) {
        err += chunk;
        done();
      },
    });
    const watching = run(['watch', '--from', '0', '--home', served.home], {
      stdin: Readable.from([]),
      stdout,
      stderr,
      env: {},
    });
    await once(stdout, 'error');
    served.node.tell('member', {});
    expect({ code: await watching, err }).toEqual({ code: 0, err: '' });
  });
});

describe('icse publish -', () => {
  test('answers each record with a line, and tells refusals by line', async () => {
    const { home } = await aServedNode();
    const { code, out, err } = await icse(['publish', '-', '--home', home], {
      stdin: `{"md5":"${MD5}"}\n\n{"md5":"x"}\n{"md5":"${MD5}"}\n`,
    });
    expect(code).toBe(1);
    expect(jsonLines(out)).toMatchObject([
      { outcome: 'taken', member: 'NL', index: 0, recordId: MD5 },
      { error: { code: 'bad-record' }, line: 3 },
      { outcome: 'known', index: 0 },
    ]);
    expect(err).toBe(
      'standard input:3: not a media record: md5: "x" (1 characters), must be 32 hex digits\n',
    );
  });

  test('answers before its input ends', async () => {
    const { home } = await aServedNode();
    const stdin = new Readable({ read() {} });
    let out = '';
    const publishing = icse(['publish', '-', '--home', home], {
      stdin,
      onOutput: (text) => {
        out += text;
      },
    });
    stdin.push(`{"md5":"${md5(1)}"}\n`);
    await until(() => jsonLines(out).length === 1);
    stdin.push(`{"md5":"${md5(2)}"}\n`);
    await until(() => jsonLines(out).length === 2);
    stdin.push(null);
    expect((await publishing).code).toBe(0);
  });

  test('says that the node has stopped', async () => {
    const served = await aServedNode();
    const stdin = new Readable({ read() {} });
    const publishing = icse(['publish', '-', '--home', served.home], { stdin });
    stdin.push(`{"md5":"${md5(1)}"}\n`);
    await until(() => served.node.published.length === 1);
    await served.server.close();
    expect(await publishing).toMatchObject({
      code: 1,
      err: `icse: the node on ${served.home} has stopped\n`,
    });
  });
});

describe('icse lookup', () => {
  test('prints one JSON line a hash, in the order asked', async () => {
    const served = await aServedNode();
    await icse(['publish', '-', '--home', served.home], { stdin: `{"md5":"${MD5}"}\n` });
    const { code, out } = await icse(['lookup', md5(7), MD5.toUpperCase(), '--json', '--home', served.home]);
    expect(code).toBe(0);
    expect(jsonLines(out)).toEqual([
      { hash: md5(7), algorithm: 'md5', records: [], holdings: 0 },
      {
        hash: MD5,
        algorithm: 'md5',
        records: [expect.objectContaining({ member: 'NL', index: 0 })],
        holdings: 0,
      },
    ]);
  });

  test('reads thousands from standard input, and names the lines that are none', async () => {
    const { home } = await aServedNode();
    const hashes = Array.from({ length: 5000 }, (_, n) => md5(n));
    const stdin = [...hashes.slice(0, 10), 'xyz', '', ...hashes.slice(10)].join('\n');
    const { code, out, err } = await icse(['lookup', '-', '--json', '--home', home], { stdin });
    expect(code).toBe(2);
    expect(jsonLines(out).map((answer) => (answer as { hash: string }).hash)).toEqual(hashes);
    expect(err).toMatch(/^standard input:11: "xyz" is no hash: [^\n]+\n$/);
  });

  test('says that no node runs although it was given nothing to ask', async () => {
    const home = await aFolder();
    const { code, out, err } = await icse(['lookup', '-', '--home', home], { stdin: '\n' });
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(`icse: no node runs on ${home}`);
    const served = await aServedNode();
    expect(await icse(['lookup', '-', '--home', served.home], { stdin: '' })).toEqual({
      code: 0,
      out: '',
      err: '',
    });
  });

  test('tells people who has it', async () => {
    const { home } = await aServedNode();
    await icse(['publish', '-', '--home', home], { stdin: `{"md5":"${MD5}"}\n` });
    const { out } = await icse(['lookup', MD5, md5(1), '--home', home]);
    expect(out).toBe(`${MD5}  md5  NL:0\n${md5(1)}  md5  nobody has it on record\n`);
  });
});

describe('icse watch', () => {
  test('prints notices as they come until it is interrupted', async () => {
    const served = await aServedNode();
    served.node.tell('member', { member: 'AU' });
    const stop = new AbortController();
    let out = '';
    const watching = icse(['watch', '--json', '--from', '0', '--entries', '--home', served.home], {
      signal: stop.signal,
      onOutput: (text) => {
        out += text;
      },
    });
    await until(() => jsonLines(out).length === 1);
    served.node.tell('hit', { hash: MD5, mine: { record: 'NL:1' }, other: { member: 'AU', index: 2 } });
    served.node.enter();
    await until(() => jsonLines(out).length === 3);
    expect(jsonLines(out)).toMatchObject([
      { sequence: 1, kind: 'member', member: 'AU' },
      { sequence: 2, kind: 'hit', hash: MD5 },
      { kind: 'entry', log: 'NL', index: 0 },
    ]);
    stop.abort(new Interrupted());
    expect(await watching).toMatchObject({ code: 0, err: '' });
  });

  test('shows people a line each', async () => {
    const served = await aServedNode();
    served.node.tell('hit', {
      hash: MD5,
      algorithm: 'md5',
      mine: { record: 'NL:3' },
      other: { member: 'AU', index: 5 },
    });
    served.node.tell('member', { member: 'DE', state: 'suspended\u001b[2J' });
    served.node.tell('conflict', {
      hash: MD5,
      algorithm: 'md5',
      mine: { holding: 'x' },
      other: { member: 'AU', index: 5, log: 'icse/x/AU.2' },
    });
    const statement = { assess: 'NL:5', verdict: 'dispute', readers: ['FR', 'NL'] };
    served.node.tell('lead', { from: 'AU', log: 'AU.2', index: 6, statement });
    served.node.tell('lead', { from: 'AU', index: 7, purged: true });
    const dispute = { entry: 'NL:3', member: 'AU', assessment: 'AU:8' };
    served.node.tell('dispute', { ...dispute, reason: 'wrong-hash' });
    served.node.tell('dispute', { ...dispute, reason: null, purged: true });
    let out = '';
    const watching = icse(['watch', '--from', '0', '--home', served.home], {
      onOutput: (text) => {
        out += text;
      },
    });
    await until(() => out.split('\n').length === 8);
    expect(out).toBe(
      `#1  2023-11-14T22:13:20.000Z  hit  our NL:3 and AU:5 have the same md5 ${MD5}\n` +
        '#2  2023-11-14T22:13:20.001Z  member  member DE, state suspended [2J\n' +
        `#3  2023-11-14T22:13:20.002Z  conflict  our holding "x" and AU.2:5 have the same md5 ${MD5}, but by a stronger hash they are different files\n` +
        '#4  2023-11-14T22:13:20.003Z  lead  AU.2:6, for FR, NL: {"assess":"NL:5","verdict":"dispute"}\n' +
        '#5  2023-11-14T22:13:20.004Z  lead  AU:7, which is purged since\n' +
        '#6  2023-11-14T22:13:20.005Z  dispute  AU disputes our NL:3: wrong-hash (AU:8)\n' +
        '#7  2023-11-14T22:13:20.006Z  dispute  AU disputes our NL:3 (AU:8, which is purged since)\n',
    );
    await served.server.close();
    expect(await watching).toMatchObject({ code: 1, err: `icse: the node on ${served.home} has stopped\n` });
  });
});

describe('icse hits', () => {
  const hit = (member: string) => ({
    hash: MD5,
    algorithm: 'md5',
    mine: { record: 'NL:3' },
    other: { member, index: 5 },
  });

  test.each([
    ['all hits and nothing else', [], [1, 3, 4]],
    ['from a number on', ['--since', '3'], [3, 4]],
    ['from a time on', ['--since', '2023-11-14T22:13:20.003Z'], [4]],
    ['from a day on', ['--since', '2023-11-15'], []],
    ['of one member', ['--member', 'AU'], [1, 4]],
  ])('prints %s', async (_what, argv, sequences) => {
    const served = await aServedNode();
    served.node.tell('hit', hit('AU'));
    served.node.tell('conflict', hit('AU'));
    served.node.tell('hit', hit('DE'));
    served.node.tell('hit', hit('AU'));
    const { code, out } = await icse(['hits', '--json', '--home', served.home, ...argv]);
    expect(code).toBe(0);
    expect(jsonLines(out).map((line) => (line as { sequence: number }).sequence)).toEqual(sequences);
    const counted = await icse(['hits', '--count', '--home', served.home, ...argv]);
    expect(counted.out).toBe(`${sequences.length}\n`);
  });
});

describe('icse holdings', () => {
  test('lists and removes', async () => {
    const served = await aServedNode();
    served.node.holdings.push(
      { hashes: { md5: MD5 }, label: 'case 12' },
      { hashes: { md5: md5(1) }, label: null },
    );
    const list = await icse(['holdings', 'list', '--home', served.home]);
    expect(list.out).toBe(`case 12  md5 ${MD5}\n-  md5 ${md5(1)}\n`);
    const removed = await icse(['holdings', 'remove', '--label', 'case 12', '--json', '--home', served.home]);
    expect(removed.out).toBe('{"removed":2}\n');
  });
});
