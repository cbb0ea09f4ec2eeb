// Parties of a federation at the level of the exchange: real certificates, real gRPC on loopback, real stores,
// a registry that the hub writes. What nodes add on top (views, notices, sockets) is not here.

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { MemoryLevel } from 'memory-level';
import { createIssuing, createRoot, federationIdOf } from '../../certs/authority.js';
import { issueNodeCertificate, newSerial } from '../../certs/certificate.js';
import { createRequest, generateNodeKey, readRequest } from '../../certs/request.js';
import { systemClock } from '../../node/clock.js';
import { Exchange, type ExchangeEvent } from '../../node/exchange/exchange.js';
import { dialExchange, type Listener, listenExchange } from '../../node/exchange/grpc-wire.js';
import { openReceiptBook } from '../../node/exchange/receipt-book.js';
import type { TlsIdentity } from '../../node/exchange/tls.js';
import { keyPairOf } from '../../node/keys/ed25519.js';
import { deriveSecrets, type MemberSecrets, newSeed, publicKeysOf } from '../../node/keys/seed.js';
import { type Appender, createAppender } from '../../node/log/appender.js';
import type { Log } from '../../node/log/log.js';
import { Logs } from '../../node/log/logs.js';
import { type LogName, LYON, logName, type MemberCode, parseMemberCode } from '../../node/names.js';
import { Registry, type RegistryAnchors } from '../../node/registry/registry.js';
import { buildEntry } from '../../node/statements/build.js';
import { openLevelStore } from '../../node/store/level-store.js';
import type { LogStore } from '../../node/store/log-store.js';
import { ed25519Signer } from '../../node/tlog/note.js';
import { type Entry, MediaRecordSchema } from '../../proto/gen/icse/v1/entry_pb.js';
import {
  AdmitSchema,
  type Cut,
  CutSchema,
  MemberKeysSchema,
  ReinstateSchema,
  SuspendSchema,
} from '../../proto/gen/icse/v1/registry_pb.js';

export const random = (sizeBytes: number): Uint8Array => new Uint8Array(randomBytes(sizeBytes));

const DAY_MS = 86_400_000;

export interface Party {
  readonly member: MemberCode;
  readonly secrets: MemberSecrets;
  readonly identity: TlsIdentity;
  readonly store: LogStore;
  readonly registry: Registry;
  readonly logs: Logs;
  readonly exchange: Exchange;
  readonly listener: Listener;
  readonly events: ExchangeEvent[];
  readonly log: Log;
  readonly appender: Appender;
  close(): Promise<void>;
}

export interface Parties {
  readonly lyon: Party;
  party(code: string): Party;
  /** Writes an act into the registry. */
  enact(statement: Entry['statement']): Promise<void>;
  /** Starts a party again on the same store, or on another one with the same keys. */
  restart(code: string, options?: { store?: LogStore }): Promise<Party>;
  suspend(code: string): Promise<void>;
  reinstate(code: string): Promise<void>;
  close(): Promise<void>;
}

/** A hub and the countries named, admitted and listening; nobody has dialled yet. */
export async function theParties(codes: readonly string[]): Promise<Parties> {
  const directory = await mkdtemp(join(tmpdir(), 'icse-exchange-'));
  const now = new Date();
  const root = await createRoot({ name: 'Test', now, serial: newSerial(random) });
  const federation = federationIdOf(root.certificatePem);
  const issuing = await createIssuing(root, { name: 'Test', now, serial: newSerial(random), federation });
  const rootKey = keyPairOf(random(32));
  const secretsOf = new Map<MemberCode, MemberSecrets>();
  const identities = new Map<MemberCode, TlsIdentity>();
  const parties = new Map<MemberCode, Party>();
  const members = [LYON, ...codes.map(parseMemberCode)];
  for (const member of members) {
    secretsOf.set(member, deriveSecrets(newSeed(random)));
    const keyPem = await generateNodeKey();
    const leafPem = issueNodeCertificate({
      issuing,
      publicKeyPem: readRequest(createRequest(keyPem)),
      member,
      federation,
      hosts: ['127.0.0.1'],
      notBefore: new Date(now.getTime() - 300_000),
      notAfter: new Date(now.getTime() + 30 * DAY_MS),
      serial: newSerial(random),
    });
    identities.set(member, {
      leafPem,
      issuingPem: issuing.certificatePem,
      keyPem,
      rootPem: root.certificatePem,
    });
  }
  const hubSecrets = secretsOf.get(LYON) as MemberSecrets;
  const anchors: RegistryAnchors = {
    federation,
    rootKey: rootKey.publicKey,
    hubKeys: create(MemberKeysSchema, publicKeysOf(hubSecrets)),
  };

  async function start(member: MemberCode, given?: LogStore): Promise<Party> {
    const secrets = secretsOf.get(member) as MemberSecrets;
    const identity = identities.get(member) as TlsIdentity;
    const store = given ?? (await openLevelStore(join(directory, member)));
    const registry = await Registry.open(store, anchors);
    if (member === LYON && registry.log.size === 0) {
      await registry.log.append([admission(LYON, '')], ed25519Signer(registry.log.name, secrets.log));
    }
    const logs = await Logs.open(store, registry);
    const events: ExchangeEvent[] = [];
    const exchange = new Exchange({
      clock: systemClock,
      logs,
      me: member,
      sessionKey: secrets.session,
      receiptKey: secrets.receipt,
      book: await openReceiptBook(new MemoryLevel()),
      software: 'icse/test',
      schema: 1,
      deny: new Set(),
      random,
      dial: (to) => dialExchange(`127.0.0.1:${parties.get(to)?.listener.port}`, to, identity, 3000),
      onEvent: (event) => events.push(event),
      onFrame: () => {},
    });
    const listener = await listenExchange('127.0.0.1', 0, identity, (wire) => exchange.accept(wire));
    const ownLog = (): Log => logs.get(logName(federation, member)) as Log;
    let appender: Appender | undefined;
    const party: Party = {
      member,
      secrets,
      identity,
      store,
      registry,
      logs,
      exchange,
      listener,
      events,
      get log() {
        return ownLog();
      },
      get appender() {
        appender ??= createAppender(ownLog(), ed25519Signer(ownLog().name, secrets.log));
        return appender;
      },
      async close() {
        await exchange.close('the test is over');
        await listener.close();
        if (given === undefined) await store.close();
      },
    };
    parties.set(member, party);
    return party;
  }

  function admission(member: MemberCode, address: string): Uint8Array {
    return buildEntry({
      statement: {
        case: 'admit',
        value: create(AdmitSchema, {
          member,
          keys: create(MemberKeysSchema, publicKeysOf(secretsOf.get(member) as MemberSecrets)),
          address,
          quota: { entries: 1_000_000n, bytes: 1_000_000_000n },
        }),
      },
      now: Math.floor(Date.now() / 1000),
      random,
    });
  }

  const lyon = await start(LYON);
  for (const member of members.slice(1)) await start(member);
  const registrySigner = ed25519Signer(lyon.registry.log.name, hubSecrets.log);
  const admissions = members
    .slice(1)
    .map((member) => admission(member, `127.0.0.1:${parties.get(member)?.listener.port}`));
  if (admissions.length > 0) await lyon.registry.log.append(admissions, registrySigner);
  await lyon.logs.opened();

  async function enact(statement: Entry['statement']): Promise<void> {
    const entry = buildEntry({
      statement: statement as Parameters<typeof buildEntry>[0]['statement'],
      now: Math.floor(Date.now() / 1000),
      random,
    });
    await lyon.registry.log.append([entry], registrySigner);
  }

  function placeOf(code: string): Cut {
    const name = lyon.registry.state.members.get(parseMemberCode(code))?.log as LogName;
    const log = lyon.logs.get(name) as Log;
    return create(CutSchema, { log: name, size: BigInt(log.size), root: log.root });
  }

  return {
    lyon,
    party: (code) => parties.get(parseMemberCode(code)) as Party,
    enact,
    restart: (code, options = {}) => start(parseMemberCode(code), options.store),
    suspend: (code) =>
      enact({ case: 'suspend', value: create(SuspendSchema, { member: code, cut: placeOf(code) }) }),
    reinstate: (code) =>
      enact({ case: 'reinstate', value: create(ReinstateSchema, { member: code, resume: placeOf(code) }) }),
    async close() {
      await Promise.all([...parties.values()].map((party) => party.close()));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A media record with a SHA-256 hash of its own. */
export function aRecord(text = random(8).toString()): Uint8Array {
  const seed = Buffer.from(text);
  return buildEntry({
    statement: {
      case: 'mediaRecord',
      value: create(MediaRecordSchema, {
        recordId: random(16),
        sha256: new Uint8Array(Buffer.concat([seed, random(32)]).subarray(0, 32)),
      }),
    },
    now: Math.floor(Date.now() / 1000),
    random,
  });
}

/** Resolves when the condition holds after some change of the party's logs; it is asked at each. */
export function until(party: Party, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const check = (): void => {
      if (!holds()) return;
      stop();
      clearInterval(poll);
      resolve();
    };
    const stop = party.logs.onChange(check);
    // Facts that no log tells of, such as links and receipts.
    const poll = setInterval(check, 5);
    check();
  });
}
