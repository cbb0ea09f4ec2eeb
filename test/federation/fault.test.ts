// A country forks its own log, and what the others can do about it: they freeze it, say so once, and hold a proof
// that anyone can check with the federation's id alone.

import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyFaultDocument } from '../../node/evidence/fault-document.js';
import { Failure } from '../../node/failure.js';
import { icse } from '../gateway/a-socket.js';
import { aFederation, aMediaRecord, type Federation, random } from './federation.js';

interface FaultDocument {
  federation: string;
  registry: { checkpoint: string; entries: string[] };
  [part: string]: unknown;
}

describe('the Netherlands, restored from an old backup, publish alone and so fork their log', () => {
  let federation: Federation;
  let backups: string;
  let document: FaultDocument;

  beforeAll(async () => {
    federation = await aFederation({ countries: ['NL', 'AU'] });
    backups = await mkdtemp(join(tmpdir(), 'icse-backup-'));
    const publish = (count: number) =>
      Promise.all(Array.from({ length: count }, () => federation.node('NL').api.publish(aMediaRecord(), 0)));
    await publish(3);
    const reaches = async (size: number): Promise<void> => {
      for (const code of ['LYON', 'AU'])
        await federation.sees(code, ({ logs }) =>
          logs.some((log) => log.member === 'NL' && log.size === size),
        );
    };
    await reaches(3);
    await federation.stop('NL');
    await cp(federation.home('NL'), backups, { recursive: true });
    await federation.start('NL');
    await publish(2);
    await reaches(5);
    await federation.stop('NL');
    await rm(federation.home('NL'), { recursive: true });
    await cp(backups, federation.home('NL'), { recursive: true });
    await federation.stop('LYON');
    await federation.start('NL', { appendAlone: true });
    await publish(4);
    await federation.start('LYON');
  });
  afterAll(async () => {
    await federation.close();
    await rm(backups, { recursive: true, force: true });
  });

  it('is noticed by Lyon and the others, who freeze the log and say so once, before a restart and after', async () => {
    for (const code of ['LYON', 'AU']) {
      const fits = ({ kind, log }: { kind: string; log?: unknown }): boolean =>
        kind === 'fault' && log === 'NL';
      expect(await federation.hears(code, fits)).toMatchObject({ fault: 'fork', member: 'NL', frozenAt: 5 });
      const { logs } = await federation.node(code).api.status();
      expect(logs.find(({ member }) => member === 'NL')).toMatchObject({ state: 'out of step' });
      await federation.stop(code);
      await federation.start(code);
      await federation.node(code).api.views();
      const notices = await federation.node(code).api.notices(1, 1000);
      expect(notices.filter(fits)).toHaveLength(1);
    }
  });

  it('stops the publishing of the Netherlands, which are told why', async () => {
    const status = await federation.sees('NL', ({ ready }) => !ready);
    expect(status.why).toMatch(/another node with our keys/);
    await expect(federation.node('NL').api.publish(aMediaRecord(), 0)).rejects.toMatchObject({
      code: 'own-log',
    });
  });

  it('is proven by a document of Australia that holds with the id of the federation alone', async () => {
    const [found] = (await federation.node('AU').api.faults()) as FaultDocument[];
    document = JSON.parse(JSON.stringify(found));
    expect(verifyFaultDocument(document, document.federation)).toMatchObject({ kind: 'fork', member: 'NL' });
  });

  it('is proven by a file of several faults, as `icse faults` prints them', async () => {
    const fault = `${JSON.stringify(document)}\n`;
    const file = join(backups, 'fault.json');
    const argv = ['verify', file, '--root-fingerprint', document.federation];
    await writeFile(file, fault.repeat(2));
    const verified = await icse([...argv, '--json']);
    expect(verified).toMatchObject({ code: 0, err: '' });
    const answers = verified.out.trimEnd().split('\n');
    expect(answers).toHaveLength(2);
    for (const answer of answers) expect(JSON.parse(answer)).toMatchObject({ ok: true, member: 'NL' });
    await writeFile(file, `${fault}{}\n`);
    expect(await icse(argv)).toMatchObject({ code: 1, out: expect.stringContaining('proven: fork by NL') });
    await writeFile(file, '');
    expect(await icse(argv)).toMatchObject({
      code: 1,
      err: `icse: ${file} is empty: there is no proof in it\n`,
    });
  });

  it('is not proven for another federation, nor by a document of which any part is missing', () => {
    const other = Buffer.from(random(32)).toString('hex');
    expect(() => verifyFaultDocument(document, other)).toThrow(Failure);
    for (const part of Object.keys(document)) {
      const { [part]: _, ...rest } = document;
      expect(() => verifyFaultDocument(rest, document.federation), part).toThrow(Failure);
    }
    for (const at of document.registry.entries.keys()) {
      const entries = document.registry.entries.toSpliced(at, 1);
      const altered = { ...document, registry: { ...document.registry, entries } };
      expect(() => verifyFaultDocument(altered, document.federation), `entry ${at}`).toThrow(Failure);
    }
  });

  it('is not proven by a document of which any byte is altered', () => {
    const id = document.federation;
    const unnoticed: string[] = [];
    for (const { place, text, put } of textsOf(document)) {
      // Every character of a short text; of a long one some, and always the last ones, where base64 has spare bits.
      const step = Math.max(1, Math.floor(text.length / 40));
      for (let at = 0; at < text.length; at += at < text.length - 6 ? step : 1) {
        put(text.slice(0, at) + altered(text[at] as string) + text.slice(at + 1));
        try {
          verifyFaultDocument(document, id);
          unnoticed.push(`${place} at ${at}`);
        } catch (error) {
          expect(error).toBeInstanceOf(Failure);
        }
        put(text);
      }
    }
    expect(unnoticed).toEqual([]);
    expect(verifyFaultDocument(document, document.federation)).toMatchObject({ member: 'NL' });
  });

  it('keeps nobody from the log that comes after it, whatever is told of the old one', async () => {
    const { hub } = federation.node('LYON').api;
    await hub?.suspend({ member: 'NL', at: 3, appendAlone: true });
    const { log } = (await hub?.reinstate({ member: 'NL', accept: false, appendAlone: true })) ?? {};
    expect(log).toBe('NL.2');
    for (let restarts = 0; restarts < 2; restarts++) {
      await federation.stop('NL');
      await federation.start('NL');
      await federation.hears(
        'NL',
        (notice) => notice.kind === 'fault' && 'log' in notice && notice.log === 'NL',
      );
      await federation.sees('NL', ({ ready, logs }) => ready && logs.some((each) => each.log === 'NL.2'));
      const published = await federation.node('NL').api.publish(aMediaRecord(), 0);
      expect(published).toMatchObject({ outcome: 'taken', log: 'NL.2', index: restarts });
    }
  });
});

interface Text {
  readonly place: string;
  readonly text: string;
  put(text: string): void;
}

/** Every text in a JSON value, with the way to replace it. */
function textsOf(value: object, place = ''): Text[] {
  return Object.entries(value).flatMap(([key, part]): Text[] => {
    const here = `${place}/${key}`;
    if (typeof part !== 'string') return textsOf(part as object, here);
    const put = (text: string): void => {
      (value as Record<string, unknown>)[key] = text;
    };
    return [{ place: here, text: part, put }];
  });
}

/** Another character of the same kind: the next one, so that in base64 only the lowest bit differs. */
function altered(character: string): string {
  return String.fromCharCode(character.charCodeAt(0) ^ 1);
}
