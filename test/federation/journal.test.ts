// What a country's journal proves: every frame that was said to it, and by it, checked from the journal and the
// registry alone, as an auditor or a judge would.

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fromJson, type JsonValue, toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadIdentity } from '../../node/home/identity.js';
import { homePaths } from '../../node/home/layout.js';
import { verify } from '../../node/keys/ed25519.js';
import { type MemberCode, parseMemberCode } from '../../node/names.js';
import { Registry } from '../../node/registry/registry.js';
import type { RegistryState } from '../../node/registry/state.js';
import { openLevelStore } from '../../node/store/level-store.js';
import { HelloSchema, OpenSchema } from '../../proto/gen/icse/v1/exchange_pb.js';
import { aFederation, aMediaRecord, type Federation, random } from './federation.js';

type Line = Record<string, unknown> & { kind: string };

const sha256 = (...parts: Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
const bytesOf = (text: unknown): Buffer => Buffer.from(String(text), 'base64');

describe('the journal of the Netherlands, after a day of exchange', () => {
  const secret = random(32);
  let federation: Federation;
  let lines: Line[];
  let text: string;
  let registry: RegistryState;

  beforeAll(async () => {
    federation = await aFederation({ countries: ['NL', 'AU'], dial: { NL: ['AU'] } });
    await federation.sees('NL', ({ connections }) =>
      ['AU', 'LYON'].every((code) =>
        connections.some(({ member, state }) => member === code && state === 'live'),
      ),
    );
    const { index } = await federation.node('NL').api.publish(aMediaRecord({ sha256: secret }), 0);
    await federation.node('AU').api.publish(aMediaRecord({ sha256: secret }), 0);
    await federation.hears('NL', ({ kind }) => kind === 'hit');
    await federation.sees('NL', ({ logs }) => {
      const own = logs.find(({ member }) => member === 'NL');
      return own?.receipts.filter(({ size }) => size > index).length === 2;
    });
    await federation.stop('NL');
    const { journal, logs } = homePaths(federation.home('NL'));
    const files = (await readdir(journal)).sort();
    text = (await Promise.all(files.map((file) => readFile(join(journal, file), 'utf8')))).join('');
    lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const store = await openLevelStore(logs);
    const { anchors } = await loadIdentity(homePaths(federation.home('NL')));
    registry = (await Registry.open(store, anchors)).state;
    await store.close();
  });
  afterAll(() => federation.close());

  const sessionKey = (code: string): Uint8Array =>
    registry.members.get(parseMemberCode(code) as MemberCode)?.keys.session ?? new Uint8Array(32);

  it('has each session with the hellos that make its id', () => {
    const sessions = lines.filter(({ kind }) => kind === 'session');
    expect(new Set(sessions.map(({ member }) => member))).toEqual(new Set(['AU', 'LYON']));
    for (const { session, member, open, acceptor, dialler } of sessions) {
      const opening = toBinary(OpenSchema, fromJson(OpenSchema, open as JsonValue));
      const [accepted, dialled] = [acceptor, dialler].map((hello) =>
        fromJson(HelloSchema, hello as JsonValue),
      );
      if (accepted === undefined || dialled === undefined) throw new Error('a hello is missing');
      const parts = [opening, accepted.body, dialled.body].map((part) => sha256(part));
      expect(sha256(Buffer.from('icse/session/v1\n'), ...parts).toString('hex')).toBe(session);
      const label = Buffer.from('icse/hello/v1\n');
      for (const [hello, code] of [
        [accepted, member as string],
        [dialled, 'NL'],
      ] as const)
        expect(verify(sessionKey(code), Buffer.concat([label, hello.body]), hello.signature)).toBe(true);
    }
  });

  it('has each frame of both sides in order, under the session key that its sender has in the registry', () => {
    const peers = new Map(
      lines.filter(({ kind }) => kind === 'session').map(({ session, member }) => [session, String(member)]),
    );
    const frames = lines.filter(({ kind }) => kind === 'frame');
    expect(frames.length).toBeGreaterThan(10);
    const next = new Map<string, number>();
    for (const { session, direction, sequence, hashes, signature } of frames) {
      const side = `${session} ${direction}`;
      expect(sequence).toBe(next.get(side) ?? 0);
      next.set(side, Number(sequence) + 1);
      const number = Buffer.alloc(8);
      number.writeBigUInt64BE(BigInt(Number(sequence)));
      const id = Buffer.from(String(session), 'hex');
      const signed = Buffer.concat([Buffer.from('icse/frame/v1\n'), id, number, sha256(bytesOf(hashes))]);
      const sender = direction === 'in' ? (peers.get(session) ?? '') : 'NL';
      expect(verify(sessionKey(sender), signed, bytesOf(signature))).toBe(true);
    }
  });

  it('has of each message what its hash in the signed list is the hash of', () => {
    for (const { hashes, messages } of lines.filter(({ kind }) => kind === 'frame')) {
      const list = bytesOf(hashes);
      for (const [at, message] of (messages as (string | { sha256: string })[]).entries()) {
        const kept = typeof message === 'string' ? sha256(bytesOf(message)).toString('hex') : message.sha256;
        expect(kept).toBe(list.subarray(32 * at, 32 * at + 32).toString('hex'));
      }
    }
  });

  it('has no byte of what was published, in any spelling, and no secret of the node', async () => {
    expect(text).toContain('"case":"segment"');
    const { secrets, tls } = await loadIdentity(homePaths(federation.home('NL')));
    const keys = [secrets.log, secrets.receipt, secrets.session, secrets.sealing].map(
      ({ secretKey }) => secretKey,
    );
    const kept = lines
      .flatMap(({ messages = [] }) => messages as unknown[])
      .filter((one) => typeof one === 'string');
    const raw = Buffer.concat(kept.map(bytesOf));
    for (const bytes of [secret, secrets.recordSecret, ...keys]) {
      expect(raw.includes(Buffer.from(bytes))).toBe(false);
      expect(text).not.toContain(Buffer.from(bytes).toString('hex'));
      expect(text).not.toContain(Buffer.from(bytes).toString('base64').slice(0, 40));
    }
    expect(text).not.toContain(tls.keyPem.split('\n')[1]);
  });
});
