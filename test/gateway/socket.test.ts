import { once } from 'node:events';
import { link, mkdir, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { findSocket, placeSocket } from '../../gateway/socket/place.js';
import { serveSocket } from '../../gateway/socket/server.js';
import { NotReady } from '../../node/exchange/own-log.js';
import { aNode } from './a-node.js';
import { aFolder, aServedNode, ask, begin, icse, jsonLines, until } from './a-socket.js';

const md5 = (n: number) => n.toString(16).padStart(32, '0');
const record = (n: number) => `{"md5":"${md5(n)}"}\n`;
const QUIET = { log: { info() {}, error() {} } };

describe('the local socket', () => {
  test('can be opened by its owner alone', async () => {
    const { path } = await aServedNode();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(dirname(path))).mode & 0o777).toBe(0o700);
  });

  test('closes a run folder that others could enter', async () => {
    const home = await aFolder();
    await mkdir(join(home, 'run'), { mode: 0o755 });
    await placeSocket(home, {});
    expect((await stat(join(home, 'run'))).mode & 0o777).toBe(0o700);
  });

  test('takes the place of one that a killed node left behind', async () => {
    const home = await aFolder();
    const path = await placeSocket(home, {});
    await leaveSocket(path);
    expect((await stat(path)).isSocket()).toBe(true);
    const served = await aServedNode(aNode(), { home });
    expect((await ask(served, 'GET', '/status')).status).toBe(200);
  });

  test('leaves that of a living node alone, and says which process it is', async () => {
    const { path } = await aServedNode();
    await expect(serveSocket(path, aNode().api, QUIET)).rejects.toMatchObject({
      code: 'node-running',
      message: `a node is running already (pid ${process.pid})`,
    });
  });

  test('lies elsewhere when the path in the home is too long, and is found there', async () => {
    const folder = await aFolder();
    const home = join(folder, 'x'.repeat(100));
    const runtime = join(folder, 'r');
    await mkdir(runtime);
    const path = await placeSocket(home, { XDG_RUNTIME_DIR: runtime });
    expect(path.startsWith(`${runtime}/icse-`)).toBe(true);
    expect((await stat(dirname(path))).mode & 0o777).toBe(0o700);
    expect(await readFile(join(home, 'run', 'socket.path'), 'utf8')).toBe(`${path}\n`);
    expect(await findSocket(home)).toBe(path);
    // The same again at the next start.
    expect(await placeSocket(home, { XDG_RUNTIME_DIR: runtime })).toBe(path);
  });

  test('does not lie in a folder that others can open', async () => {
    const folder = await aFolder();
    const home = join(folder, 'x'.repeat(100));
    const runtime = join(folder, 'r');
    await mkdir(runtime);
    const path = await placeSocket(home, { XDG_RUNTIME_DIR: runtime });
    await rm(dirname(path), { recursive: true });
    await mkdir(dirname(path), { mode: 0o755 });
    await expect(placeSocket(home, { XDG_RUNTIME_DIR: runtime })).rejects.toMatchObject({
      code: 'socket-place',
    });
  });

  test('finishes what is under way when it closes, and then ends', async () => {
    let finish = (): void => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const node = aNode();
    const publish = node.api.publish;
    const slow = aNode({ publish: async (...args) => finished.then(() => publish(...args)) });
    const served = await aServedNode(slow);
    const { call, answer } = begin(served, 'POST', '/publish');
    call.write(record(1));
    const response = await answer;
    const closing = served.server.close();
    finish();
    expect(jsonLines(await text(response))).toMatchObject([{ outcome: 'taken', index: 0 }]);
    call.destroy();
    await closing;
    expect((await icse(['status', '--home', served.home])).err).toContain('no node runs on');
  });
});

describe('a call on the socket', () => {
  test.each([
    ['to nothing that is there', 'GET', '/nothing', undefined, 404, 'no-such-call'],
    ['that is not JSON', 'POST', '/lookup', '{"hashes":', 400, 'bad-call'],
    ['with an unknown field', 'POST', '/lookup', `{"hashes":["${md5(1)}"],"x":1}`, 400, 'bad-call'],
    ['with no hash', 'POST', '/lookup', '{"hashes":[]}', 400, 'bad-call'],
    ['with a wrong hash', 'POST', '/lookup', '{"hashes":["xyz"]}', 400, 'bad-hash'],
    [
      'with too many hashes',
      'POST',
      '/lookup',
      JSON.stringify({ hashes: Array(1001).fill(md5(1)) }),
      400,
      'bad-call',
    ],
    ['with a body that is too long', 'POST', '/lookup', 'x'.repeat(3_000_000), 400, 'bad-call'],
    ['with a wrong question', 'GET', '/notices?from=x', undefined, 400, 'bad-call'],
    ['for the hub elsewhere', 'GET', '/hub/members', undefined, 409, 'not-the-hub'],
  ])('%s is refused with a code and a sentence', async (_what, method, path, body, status, code) => {
    const served = await aServedNode();
    const answer = await ask(served, method, path, body);
    expect(answer.status).toBe(status);
    const { error } = JSON.parse(answer.text);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(/^[^\n]{10,300}$/);
    // Nothing of it harms the next one.
    expect((await ask(served, 'GET', '/status')).status).toBe(200);
  });

  test('that meets a fault of the node says no more than where to look; the log says it', async () => {
    const served = await aServedNode(aNode({ status: () => Promise.reject(new TypeError('secret detail')) }));
    const { status, text: answer } = await ask(served, 'GET', '/status');
    expect(status).toBe(500);
    expect(JSON.parse(answer).error).toEqual({
      code: 'internal',
      message: 'an error inside the node: see the log of the node',
    });
    expect(served.logged).toMatchObject([
      { facts: { call: 'GET /status', err: { message: 'secret detail' } } },
    ]);
  });

  test('that comes before the node is ready is told so', async () => {
    const notReady = new NotReady('alone', 'cannot publish yet: nobody answers');
    const served = await aServedNode(aNode({ views: () => Promise.reject(notReady) }));
    expect(await ask(served, 'GET', '/views')).toEqual({
      status: 503,
      text: '{"error":{"code":"alone","message":"cannot publish yet: nobody answers"}}\n',
    });
  });

  test('for an act of the operator is logged with by whom and why', async () => {
    const acts: object[] = [];
    const hub = {
      suspend: async (request: object) => {
        acts.push(request);
        return { index: 7, cut: 3 };
      },
    };
    const served = await aServedNode(aNode({ hub: hub as never }));
    const body = { member: 'AU', by: 'ann', reason: 'keys stolen', appendAlone: false };
    expect((await ask(served, 'POST', '/hub/suspend', JSON.stringify(body))).text).toBe(
      '{"index":7,"cut":3}\n',
    );
    expect(acts).toEqual([body]);
    expect(served.logged).toMatchObject([
      { facts: { act: 'suspend', member: 'AU', by: 'ann', reason: 'keys stolen' } },
    ]);
  });
});

describe('records that are published over the socket', () => {
  test('are answered one by one, in their order, the bad ones with their line', async () => {
    const served = await aServedNode();
    const body = `${record(1)}{"md5":"x"}\n\nnot json\n${'x'.repeat(70_000)}\n${record(1)}${record(2).trimEnd()}`;
    const { status, text: answer } = await ask(served, 'POST', '/publish', body);
    expect(status).toBe(200);
    expect(jsonLines(answer)).toMatchObject([
      { outcome: 'taken', member: 'NL', index: 0, recordId: md5(1) },
      { error: { code: 'bad-record', message: expect.stringContaining('must be 32 hex digits') }, line: 2 },
      { error: { code: 'bad-record', message: 'not a media record: not JSON' }, line: 4 },
      { error: { code: 'bad-record', message: 'not a media record: longer than 64 KiB' }, line: 5 },
      { outcome: 'known', index: 0 },
      { outcome: 'taken', index: 1 },
    ]);
  });

  test('are each answered as soon as they are durable, while the caller goes on', async () => {
    const served = await aServedNode();
    const { call, answer } = begin(served, 'POST', '/publish');
    call.write(record(1));
    const response = await answer;
    const [first] = await once(response, 'data');
    expect(JSON.parse(String(first))).toMatchObject({ index: 0 });
    call.end(record(2));
    const [second] = await once(response, 'data');
    expect(JSON.parse(String(second))).toMatchObject({ index: 1 });
  });

  test('are told in order although they are done in another', async () => {
    const done: (() => void)[] = [];
    const node = aNode();
    const inner = node.api.publishAll;
    const served = await aServedNode(
      aNode({
        publishAll: async (records) => {
          const answers = await inner(records);
          await new Promise<void>((resolve) => done.push(resolve));
          return answers;
        },
      }),
    );
    const { call, answer } = begin(served, 'POST', '/publish');
    for (const n of [1, 2, 3]) {
      call.write(record(n));
      await until(() => done.length === n);
    }
    call.end();
    const response = await answer;
    for (const finish of done.reverse()) finish();
    expect(jsonLines(await text(response))).toMatchObject([{ index: 0 }, { index: 1 }, { index: 2 }]);
  });

  test('are at most 4,096 under way, and wait in the pipe beyond that', async () => {
    const waiting: (() => void)[] = [];
    let underWay = 0;
    let most = 0;
    const node = aNode();
    const inner = node.api.publishAll;
    const served = await aServedNode(
      aNode({
        publishAll: async (records) => {
          underWay += records.length;
          most = Math.max(most, underWay);
          await new Promise<void>((resolve) => waiting.push(resolve));
          underWay -= records.length;
          return inner(records);
        },
      }),
    );
    const { call, answer } = begin(served, 'POST', '/publish');
    const body = Array.from({ length: 10_000 }, (_, n) => record(n)).join('');
    call.end(body);
    const response = await answer;
    // They are taken by the few hundred, as they come.
    await until(() => underWay > 4096 - 512);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const answers = text(response);
    const drain = setInterval(() => {
      for (const finish of waiting.splice(0)) finish();
    }, 1);
    expect(jsonLines(await answers)).toHaveLength(10_000);
    clearInterval(drain);
    expect(most).toBeLessThanOrEqual(4096);
  });

  test('are no longer read when the caller does not read the answers', async () => {
    const { node, ...rest } = await aServedNode();
    const { call, answer } = begin({ node, ...rest }, 'POST', '/publish');
    let n = 0;
    const feed = (): void => {
      while (n < 400_000 && call.write(record(n++)));
    };
    call.on('drain', feed);
    feed();
    const response = await answer;
    let last = -1;
    await until(() => {
      const still = node.published.length === last && last > 0;
      last = node.published.length;
      return still;
    });
    expect(n).toBeLessThan(100_000);
    call.destroy();
    response.destroy();
  });

  test('that are not text end the call, with those before them answered', async () => {
    const served = await aServedNode();
    const { call, answer } = begin(served, 'POST', '/publish');
    call.write(record(1));
    const response = await answer;
    await once(response, 'readable');
    call.end(Buffer.from([0xff, 0xfe, 0x0a]));
    expect(jsonLines(await text(response))).toMatchObject([
      { outcome: 'taken' },
      { error: { code: 'bad-import', message: expect.stringContaining('not text in UTF-8') } },
    ]);
  });

  test('by a caller that hangs up do not trouble the node', async () => {
    const served = await aServedNode();
    const { call, answer } = begin(served, 'POST', '/publish');
    call.write(record(1));
    (await answer).on('error', () => {});
    call.destroy();
    await until(() => served.node.published.length === 1);
    expect((await ask(served, 'GET', '/status')).status).toBe(200);
    expect(served.logged).toEqual([]);
  });
});

describe('notices over the socket', () => {
  test('come from a number on, then as they are told, each once', async () => {
    const served = await aServedNode();
    for (const n of [1, 2, 3]) served.node.tell('member', { n });
    const { call, answer } = begin(served, 'GET', '/notices?from=2&follow=1');
    call.end();
    const response = await answer;
    let got = '';
    response.on('data', (chunk) => {
      got += chunk;
    });
    await until(() => jsonLines(got).length === 2);
    served.node.tell('member', { n: 4 });
    served.node.tell('member', { n: 5 });
    await until(() => jsonLines(got).length === 4);
    expect(jsonLines(got)).toMatchObject([
      { sequence: 2 },
      { sequence: 3 },
      { sequence: 4 },
      { sequence: 5 },
    ]);
    response.on('error', () => {});
    call.destroy();
    await until(() => served.node.listeners() === 0);
  });

  test('come from now on when no number is given', async () => {
    const served = await aServedNode();
    served.node.tell('member', {});
    const { call, answer } = begin(served, 'GET', '/notices?follow=1');
    call.end();
    const response = await answer;
    await until(() => served.node.listeners() === 1);
    served.node.tell('hit', {});
    served.node.tell('hit', {});
    const [first] = await once(response, 'data');
    expect(jsonLines(String(first))).toMatchObject([{ sequence: 2 }, { sequence: 3 }]);
    response.on('error', () => {});
    call.destroy();
  });

  test('and entries wait for a caller, however slow: none is left out', async () => {
    const served = await aServedNode();
    const { call, answer } = begin(served, 'GET', '/notices?follow=1&entries=1');
    call.end();
    const response = await answer;
    await until(() => served.node.listeners() === 2);
    for (let n = 0; n < 12_000; n++) served.node.enter();
    let got = '';
    response.on('data', (chunk) => {
      got += chunk;
    });
    await until(() => got.includes('"index":11999'));
    const lines = jsonLines(got.slice(0, got.lastIndexOf('\n'))) as { index: number }[];
    expect(lines.map(({ index }) => index)).toEqual(Array.from({ length: 12_000 }, (_, n) => n));
    response.on('error', () => {});
    call.destroy();
  });

  test('and entries begin after the places named, and without following end with the last one', async () => {
    const served = await aServedNode();
    for (let n = 0; n < 1200; n++) served.node.enter();
    const all = await ask(served, 'GET', '/notices?entries=1&after=');
    expect(jsonLines(all.text)).toHaveLength(1200);
    const rest = await ask(served, 'GET', '/notices?entries=1&after=NL:1197');
    expect(jsonLines(rest.text)).toMatchObject([{ index: 1198 }, { index: 1199 }]);
    expect(await ask(served, 'GET', '/notices?after=NL:5')).toMatchObject({ status: 400 });
  });

  test('end when the socket closes', async () => {
    const served = await aServedNode();
    const { call, answer } = begin(served, 'GET', '/notices?follow=1');
    call.end();
    const response = await answer;
    const ended = text(response);
    await served.server.close();
    expect(await ended).toBe('');
  });
});

describe('holdings over the socket', () => {
  test('are kept in batches, the bad lines refused by number', async () => {
    const served = await aServedNode();
    const empty = 'd41d8cd98f00b204e9800998ecf8427e';
    const body = [
      `{"hashes":["${md5(1)}"],"label":"case 1"}`,
      '{"hashes":["x"]}',
      `{"hashes":["${empty}"]}`,
      `{"hashes":["${md5(2)}","${md5(3)}"]}`,
      `{"hashes":["${md5(2)}"],"label":"a\\nb"}`,
      `{"hashes":["${md5(2)}"]}`,
    ].join('\n');
    const { text: answer } = await ask(served, 'POST', '/holdings', body);
    expect(jsonLines(answer)).toMatchObject([
      { taken: 1, known: 0 },
      { error: { code: 'bad-hash' }, line: 2 },
      { error: { code: 'bad-hash', message: 'md5: the hash of empty input' }, line: 3 },
      { error: { message: 'two md5 hashes for one file' }, line: 4 },
      { error: { code: 'bad-call' }, line: 5 },
      { taken: 1, known: 0 },
    ]);
    expect((await ask(served, 'GET', '/holdings?label=case%201')).text).toBe(
      `{"hashes":{"md5":"${md5(1)}"},"label":"case 1"}\n`,
    );
  });
});

/** A socket as `kill -9` leaves it: the file, with nobody behind it. */
async function leaveSocket(path: string): Promise<void> {
  const server = createServer();
  server.listen(path);
  await once(server, 'listening');
  await link(path, `${path}.kept`);
  server.close();
  await once(server, 'close');
  await link(`${path}.kept`, path);
}
