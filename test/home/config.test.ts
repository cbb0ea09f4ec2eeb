import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { BadConfig, DEFAULT_CONFIG, parseConfig, readConfig, writeConfig } from '../../node/home/config.js';
import { parseMemberCode } from '../../node/names.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'icse-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

function problemsOf(text: string): readonly string[] {
  try {
    parseConfig('icse.yaml', text);
  } catch (error) {
    if (error instanceof BadConfig) return error.problems;
    throw error;
  }
  return [];
}

describe('icse.yaml', () => {
  it('is read as it was written, for its owner alone', async () => {
    const path = join(folder, 'icse.yaml');
    const peers = { dial: ['AU', 'NO'].map(parseMemberCode), deny: [parseMemberCode('FR')] };
    const hub = { listen: '127.0.0.1:7001', listenEnrol: '[2001:db8::1]:7002', logLevel: 'debug' } as const;
    for (const config of [
      DEFAULT_CONFIG,
      { ...DEFAULT_CONFIG, peers, journalDays: 3 },
      { ...DEFAULT_CONFIG, ...hub },
    ]) {
      await writeConfig(path, config);
      expect(await readConfig(path)).toEqual(config);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
    }
  });

  it('may leave everything out', () => {
    expect(parseConfig('icse.yaml', '')).toEqual(DEFAULT_CONFIG);
    expect(parseConfig('icse.yaml', 'peers: {}\n')).toEqual(DEFAULT_CONFIG);
  });

  it('takes NO for Norway', () => {
    expect(parseConfig('icse.yaml', 'peers: { dial: [NO] }').peers.dial).toEqual(['NO']);
  });

  it('may listen at all interfaces', () => {
    expect(parseConfig('icse.yaml', 'listen: 0.0.0.0:7001').listen).toBe('0.0.0.0:7001');
  });
});

describe('icse.yaml is refused, with file and line', () => {
  it.each([
    ['lisen: 127.0.0.1:7001', 'icse.yaml:1: lisen: unknown setting; known here: listen, listenEnrol, peers,'],
    ['\npeers:\n  dail: [AU]', 'icse.yaml:3: peers.dail: unknown setting; known here: dial, deny'],
    [
      'peers:\n  dial:\n    - NL\n    - UK',
      'icse.yaml:4: peers.dial[1]: member code UK is not in ISO 3166-1; write GB',
    ],
    ['peers:\n  dial: [NL,\n    nl]', 'icse.yaml:3: peers.dial[1]: "nl" is not a member code'],
    ['peers:\n  dial: AU', 'icse.yaml:2: peers.dial: must be a list'],
    ['\npeers: AU', 'icse.yaml:2: peers: must be a group of settings'],
    ['peers: { dial: [AU], deny: [AU] }', 'icse.yaml:1: peers.dial[0]: AU is under deny too'],
    ['listen: 127.0.0.1', 'icse.yaml:1: listen: "127.0.0.1" is not host:port'],
    ['listen: 127.0.0.1:70000', 'icse.yaml:1: listen: port 70000'],
    ['listen: 127.0.0.1:0', 'icse.yaml:1: listen: port 0'],
    ['# days\njournalDays: 0', 'icse.yaml:2: journalDays: must be at least 1'],
    ['journalDays: 1.5', 'icse.yaml:1: journalDays: must be a whole number of days'],
    ['journalDays: many', 'icse.yaml:1: journalDays: must be a whole number of days'],
    ['logLevel: loud', 'icse.yaml:1: logLevel: must be one of debug, info, warn, error'],
    ['listen: a.example:1\nlisten: a.example:2', 'icse.yaml:2: Map keys must be unique'],
    ['peers: [', 'icse.yaml:1: '],
    ['just words', 'icse.yaml:1: must be a group of settings'],
    ['a: &a [NL]\npeers: { dial: *a }', 'icse.yaml:2: *a: say it in full'],
  ])('%j', (text, problem) => {
    expect(problemsOf(text)[0]).toContain(problem);
  });

  it('naming every problem', () => {
    const problems = problemsOf('lisen: x\njournalDays: 0\nlogLevel: loud\n');
    expect(problems.map((problem) => problem.slice(0, 12)).sort()).toEqual([
      'icse.yaml:1:',
      'icse.yaml:2:',
      'icse.yaml:3:',
    ]);
    expect(() => parseConfig('icse.yaml', 'lisen: x\njournalDays: 0')).toThrow('(and 1 more)');
  });

  it('when it is so deep that reading it would take the process down', () => {
    for (const deep of ['[', '{a: ', '- ', '? ', ': ', 'a: {b: {']) {
      for (const times of [100, 3000, 30_000]) {
        expect(problemsOf(deep.repeat(times))).toEqual(['icse.yaml:1: more than 16 groups deep']);
      }
    }
    expect(problemsOf(`peers:\n${' -'.repeat(3000)}`)).toEqual(['icse.yaml:2: more than 16 groups deep']);
  });

  it('in a moment, however much is wrong with it', () => {
    const startedAt = performance.now();
    const settings = Array.from({ length: 9000 }, (_, n) => `k${n}`);
    expect(problemsOf(settings.map((name) => `${name}: 1`).join('\n'))[0]).toContain(
      'more than 100 settings',
    );
    expect(problemsOf(`{ ${settings.join(', ')} }`)[0]).toContain('more than 100 settings');
    expect(problemsOf(`dial: ${'"'.repeat(65_000)}`).length).toBeGreaterThan(30_000);
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  it('without a word of a library to standard error', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
    expect(problemsOf('? [EUROPOL]\n: 1\n')).not.toEqual([]);
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });

  it('when it is missing, no text, a directory, or far too long', async () => {
    const path = join(folder, 'other.yaml');
    await expect(readConfig(path)).rejects.toThrow(`${path}: there is no such file`);
    await writeFile(path, Buffer.from([0xff, 0xfe, 0]));
    await expect(readConfig(path)).rejects.toThrow(`${path}: not a text file in UTF-8`);
    await writeFile(path, '#'.repeat(100_000));
    await expect(readConfig(path)).rejects.toThrow('too long for settings');
    await expect(readConfig(folder)).rejects.toMatchObject({ code: 'bad-config' });
  });
});
