// Parties of a federation at the level of the exchange: real certificates, real gRPC on loopback, real stores,
// a registry that the hub writes. What nodes add on top (views, notices, sockets) is not here. `over: 'memory'`
// puts streams and stores in memory, where what passes can be counted and held.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { MemoryLevel } from 'memory-level';
import { type Clock, systemClock } from '../../node/clock.js';
import { Exchange, type ExchangeEvent } from '../../node/exchange/exchange.js';
import { dialExchange, type Listener, listenExchange } from '../../node/exchange/grpc-wire.js';
import { openPurgedBook, type PurgedBook } from '../../node/exchange/purged-book.js';
import { openReceiptBook, type ReceiptBook } from '../../node/exchange/receipt-book.js';
import type { TlsIdentity } from '../../node/exchange/tls.js';
import type { Wire } from '../../node/exchange/wire.js';
import { keyPairOf } from '../../node/keys/ed25519.js';
import { deriveSecrets, type MemberSecrets, newSeed, publicKeysOf } from '../../node/keys/seed.js';
import type { Log } from '../../node/log/log.js';
import { Logs } from '../../node/log/logs.js';
import {
  type FederationId,
  type LogName,
  LYON,
  type MemberCode,
  parseFederationId,
  parseMemberCode,
} from '../../node/names.js';
import { Registry, type RegistryAnchors } from '../../node/registry/registry.js';
import { signAsRoot } from '../../node/registry/root-signature.js';
import { buildEntry, type EntryParts } from '../../node/statements/build.js';
import { openLevelStore } from '../../node/store/level-store.js';
import type { LogStore } from '../../node/store/log-store.js';
import { createMemoryStore } from '../../node/store/memory-store.js';
import { ed25519Signer } from '../../node/tlog/note.js';
import {
  AdmitSchema,
  type Cut,
  CutSchema,
  EpochSchema,
  MemberKeysSchema,
  PastLogSchema,
  ReinstateSchema,
  RotateSchema,
  SuspendSchema,
} from '../../proto/gen/icse/v1/registry_pb.js';
import { identityOf, thePki } from './certificates.js';
import { memoryWires, type WireEnd, type WirePair } from './memory-wire.js';
import { random } from './random.js';

export interface Party {
  readonly member: MemberCode;
  readonly secrets: MemberSecrets;
  readonly store: LogStore;
  readonly book: ReceiptBook;
  readonly purgedBook: PurgedBook;
  readonly registry: Registry;
  readonly logs: Logs;
  readonly exchange: Exchange;
  readonly listener: Listener | undefined;
  readonly events: ExchangeEvent[];
  /** The log that the registry names for the party now. */
  readonly log: Log;
  /** This party's copy of the current log of another. */
  copyOf(other: Party): Log | undefined;
  /** Appends as a node does: once the check of its own log has passed. */
  publish(entries: readonly Uint8Array[]): Promise<void>;
  close(): Promise<void>;
}

export interface PartiesOptions {
  /** Members that are admitted and have no node here. */
  readonly absent?: readonly string[];
  readonly over?: 'grpc' | 'memory';
  readonly clock?: Clock;
  /** Whom a party never talks to. */
  readonly deny?: Readonly<Record<string, readonly string[]>>;
  /** Told of each stream in memory before anything passes. */
  readonly onWire?: (pair: WirePair, from: MemberCode, to: MemberCode) => void;
  /** Certificates that end earlier than others. */
  readonly notAfter?: Readonly<Record<string, Date>>;
}

export interface Parties {
  readonly lyon: Party;
  readonly federation: FederationId;
  /** Streams in memory, in the order in which they were dialled. */
  readonly wires: WirePair[];
  party(code: string): Party;
  identity(code: string): TlsIdentity;
  /** Writes an act into the registry. */
  enact(statement: EntryParts['statement']): Promise<void>;
  /** Stops a party and starts it again, on its own store or on another. */
  restart(code: string, options?: { store?: LogStore }): Promise<Party>;
  /** A second node with the keys of a party, on another store, beside the first. */
  secondNode(code: string, store: LogStore): Promise<Party>;
  /** Suspends at the size given, or at what Lyon holds. */
  suspend(code: string, at?: number): Promise<void>;
  /** Takes what Lyon holds of the log, or closes it and names the next. */
  reinstate(code: string, how?: 'same log' | 'next log'): Promise<void>;
  /** Gives the hub new keys by the root's word. */
  rotateHub(): Promise<MemberSecrets>;
  /** Begins the registry anew by the root's word; every member goes on in its next log. */
  newEpoch(): Promise<void>;
  close(): Promise<void>;
}

const NO_FEDERATION = 'ab'.repeat(32);
const FAR = new Date(Date.now() + 30 * 86_400_000);

/** A hub and the countries named, admitted and listening; nobody has dialled yet. */
export async function theParties(codes: readonly string[], options: PartiesOptions = {}): Promise<Parties> {
  const { over = 'grpc', clock = systemClock } = options;
  const directory = over === 'grpc' ? await mkdtemp(join(tmpdir(), 'icse-exchange-')) : '';
  const members = [LYON, ...codes.map(parseMemberCode)];
  const federation = over === 'grpc' ? (await thePki()).federation : parseFederationId(NO_FEDERATION);
  const rootKey = keyPairOf(random(32));
  const secretsOf = new Map<MemberCode, MemberSecrets>(
    [...members, ...(options.absent ?? []).map(parseMemberCode)].map((member) => [
      member,
      deriveSecrets(newSeed(random)),
    ]),
  );
  const identities = new Map<MemberCode, TlsIdentity>();
  if (over === 'grpc') {
    await Promise.all(
      members.map(async (member) => {
        const notAfter = options.notAfter?.[member];
        identities.set(member, await identityOf(member, notAfter === undefined ? {} : { notAfter }));
      }),
    );
  }
  const parties = new Map<MemberCode, Party>();
  const started: Party[] = [];
  const stores = new Map<LogStore, true>();
  const wires: WirePair[] = [];
  const anchors: RegistryAnchors = {
    federation,
    rootKey: rootKey.publicKey,
    hubKeys: create(MemberKeysSchema, publicKeysOf(secretsOf.get(LYON) as MemberSecrets)),
  };
  let hubSecrets = secretsOf.get(LYON) as MemberSecrets;

  function memoryEnd(member: MemberCode): WireEnd {
    const certificate = new Uint8Array(Buffer.from(member.padEnd(32, '.')));
    return { member, certificate, notAfter: options.notAfter?.[member] ?? FAR };
  }

  async function dial(from: MemberCode, to: MemberCode): Promise<Wire> {
    const target = parties.get(to);
    if (over === 'grpc') {
      return dialExchange(
        `127.0.0.1:${target?.listener?.port}`,
        to,
        identities.get(from) as TlsIdentity,
        3000,
      );
    }
    if (target === undefined || closedParties.has(target)) throw new Error(`${to} does not answer`);
    const pair = memoryWires(memoryEnd(from), memoryEnd(to));
    wires.push(pair);
    options.onWire?.(pair, from, to);
    target.exchange.accept(pair.acceptor);
    return pair.dialler;
  }

  const closedParties = new Set<Party>();

  async function start(member: MemberCode, given?: LogStore): Promise<Party> {
    const secrets = member === LYON ? hubSecrets : (secretsOf.get(member) as MemberSecrets);
    const store =
      given ?? (over === 'grpc' ? await openLevelStore(join(directory, member)) : createMemoryStore());
    stores.set(store, true);
    const registry = await Registry.open(store, { ...anchors, member });
    if (member === LYON && registry.log.size === 0 && given === undefined) {
      await registry.log.append([admission(LYON, '')], ed25519Signer(registry.log.name, secrets.log));
    }
    const logs = await Logs.open(store, registry);
    const events: ExchangeEvent[] = [];
    const book = await openReceiptBook(new MemoryLevel());
    const purgedBook = await openPurgedBook(new MemoryLevel());
    const exchange = new Exchange({
      clock,
      logs,
      me: member,
      sessionKey: secrets.session,
      receiptKey: secrets.receipt,
      book,
      purgedBook,
      software: 'icse/test',
      schema: 1,
      deny: new Set((options.deny?.[member] ?? []).map(parseMemberCode)),
      random,
      dial: (to) => dial(member, to),
      onEvent: (event) => events.push(event),
      onFrame: () => {},
      onSession: () => {},
      onFilled: () => {},
      places: (log, from, to) => log.read(from, to),
    });
    const listener =
      over === 'grpc'
        ? await listenExchange('127.0.0.1', 0, identities.get(member) as TlsIdentity, (wire) =>
            exchange.accept(wire),
          )
        : undefined;
    const party: Party = {
      member,
      secrets,
      store,
      book,
      purgedBook,
      registry,
      logs,
      exchange,
      listener,
      events,
      get log() {
        return logs.get(registry.state.members.get(member)?.log as LogName) as Log;
      },
      copyOf: (other) => logs.get(other.log.name),
      async publish(entries) {
        await exchange.guard.whenReady((ms, act) => clock.after(ms, act));
        await party.log.append(entries, ed25519Signer(party.log.name, secrets.log));
      },
      async close() {
        if (closedParties.has(party)) return;
        closedParties.add(party);
        await exchange.close('the test is over');
        await listener?.close();
      },
    };
    started.push(party);
    return party;
  }

  function entryOf(statement: EntryParts['statement']): Uint8Array {
    return buildEntry({ statement, now: Math.floor(Date.now() / 1000), random });
  }

  function admission(member: MemberCode, address: string): Uint8Array {
    const keys = create(MemberKeysSchema, publicKeysOf(secretsOf.get(member) as MemberSecrets));
    const quota = { entries: 1_000_000n, bytes: 1_000_000_000n };
    const value = create(AdmitSchema, { member, keys, address, quota });
    if (member === LYON) value.rootSignature = signAsRoot(federation, value, rootKey.secretKey);
    return entryOf({ case: 'admit', value });
  }

  for (const member of members) parties.set(member, await start(member));
  const lyon = (): Party => parties.get(LYON) as Party;
  const registrySigner = () => ed25519Signer(lyon().registry.log.name, hubSecrets.log);
  const admissions = [...secretsOf.keys()].slice(1).map((member) => {
    const port = parties.get(member)?.listener?.port;
    return admission(member, port === undefined ? '' : `127.0.0.1:${port}`);
  });
  if (admissions.length > 0) await lyon().registry.log.append(admissions, registrySigner());
  await lyon().logs.opened();

  async function enact(statement: EntryParts['statement']): Promise<void> {
    await lyon().registry.log.append([entryOf(statement)], registrySigner());
    await lyon().logs.opened();
  }

  async function placeOf(code: string, at?: number): Promise<Cut> {
    const name = lyon().registry.state.members.get(parseMemberCode(code))?.log as LogName;
    const log = lyon().logs.get(name) as Log;
    const size = at ?? log.size;
    return create(CutSchema, { log: name, size: BigInt(size), root: await log.rootAt(size) });
  }

  return {
    get lyon() {
      return lyon();
    },
    federation,
    wires,
    party: (code) => parties.get(parseMemberCode(code)) as Party,
    identity: (code) => identities.get(parseMemberCode(code)) as TlsIdentity,
    enact,
    async restart(code, { store } = {}) {
      const member = parseMemberCode(code);
      const before = parties.get(member) as Party;
      await before.close();
      const party = await start(member, store ?? before.store);
      parties.set(member, party);
      return party;
    },
    secondNode: (code, store) => start(parseMemberCode(code), store),
    async suspend(code, at) {
      const cut = await placeOf(code, at);
      await enact({ case: 'suspend', value: create(SuspendSchema, { member: code, cut }) });
    },
    async reinstate(code, how = 'same log') {
      const { log } = lyon().registry.state.members.get(parseMemberCode(code)) ?? {};
      const next = create(CutSchema, { log: `${log}.2`, root: await (lyon().log as Log).rootAt(0) });
      const resume = how === 'same log' ? await placeOf(code) : next;
      await enact({ case: 'reinstate', value: create(ReinstateSchema, { member: code, resume }) });
    },
    async rotateHub() {
      const secrets = deriveSecrets(newSeed(random));
      const value = create(RotateSchema, {
        member: LYON,
        keys: create(MemberKeysSchema, publicKeysOf(secrets)),
        cut: await placeOf(LYON),
      });
      value.rootSignature = signAsRoot(federation, value, rootKey.secretKey);
      hubSecrets = secrets;
      await enact({ case: 'rotate', value });
      return secrets;
    },
    async newEpoch() {
      const { registry, logs } = lyon();
      const { state, log: last } = registry;
      const placed = (log: Log): Cut =>
        create(CutSchema, { log: log.name, size: BigInt(log.size), root: log.root });
      const parts = [...state.members.values()].map(({ code, log: name, keys, address }) => {
        const past = [create(PastLogSchema, { cut: placed(logs.get(name) as Log), key: keys.log })];
        return { member: code, keys, address, quota: { entries: 1_000_000n, bytes: 1_000_000_000n }, past };
      });
      const { member: _, ...hub } = parts[0] as (typeof parts)[0];
      const epoch = create(EpochSchema, {
        ...hub,
        previous: placed(last),
        address: '127.0.0.1:1',
        schema: 1,
      });
      epoch.rootSignature = signAsRoot(federation, epoch, rootKey.secretKey);
      const entries = [
        entryOf({ case: 'epoch', value: epoch }),
        ...parts.slice(1).map((part) => entryOf({ case: 'admit', value: create(AdmitSchema, part) })),
      ];
      const log = await registry.beginEpoch();
      await log.append(entries, ed25519Signer(log.name, hubSecrets.log));
    },
    async close() {
      await Promise.all(started.map((party) => party.close()));
      await Promise.all([...stores.keys()].map((store) => store.close()));
      if (directory !== '') await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A store in memory with the same content: a home that was copied. */
export async function copiedStore(store: LogStore): Promise<LogStore> {
  const copy = createMemoryStore();
  for (const log of await store.logs()) {
    const keys = await store.keys(log, '');
    const values = await store.objects(log, keys);
    const puts = keys.map((key, at) => [key, values[at] as Uint8Array] as const);
    const head = (await store.head(log)) as Uint8Array;
    await copy.commit([{ log, expected: undefined, head, puts, deletes: [] }]);
  }
  return copy;
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
