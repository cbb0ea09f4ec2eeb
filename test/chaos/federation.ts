// A federation in the simulation: homes and the nodes that run on them, and what the hub's operator can do. It
// watches what nodes show each other and what they say happened, and writes down every promise that breaks.

import { create } from '@bufbuild/protobuf';
import { utcDay } from '../../node/clock.js';
import type { ExchangeEvent } from '../../node/exchange/exchange.js';
import { Failure } from '../../node/failure.js';
import { type KeyPair, keyPairOf } from '../../node/keys/ed25519.js';
import { deriveSecrets, type MemberSecrets, newSeed, publicKeysOf } from '../../node/keys/seed.js';
import { Log } from '../../node/log/log.js';
import { type FederationId, type LogName, LYON, type MemberCode, parseLogName } from '../../node/names.js';
import type { RegistryAnchors } from '../../node/registry/registry.js';
import { signAsRoot } from '../../node/registry/root-signature.js';
import { registryLog } from '../../node/registry/state.js';
import { buildEntry, type EntryParts } from '../../node/statements/build.js';
import type { Author } from '../../node/statements/references.js';
import type { Commit, LogStore } from '../../node/store/log-store.js';
import { ed25519Signer } from '../../node/tlog/note.js';
import type { Envelope } from '../../proto/gen/icse/v1/exchange_pb.js';
import { AdmitSchema, AmendSchema, MemberKeysSchema } from '../../proto/gen/icse/v1/registry_pb.js';
import { judge } from './accusations.js';
import type { Chance } from './chance.js';
import { newDisk } from './disk.js';
import { Ledger, short } from './ledger.js';
import { type Host, Network } from './network.js';
import { checkHeard, checkWritten } from './purge-promises.js';
import { type Home, type SimulatedNode, type Surroundings, startNode } from './simulated-node.js';
import { type HistorySize, USUAL_SIZE } from './sizes.js';
import { watchSpreading } from './spread-of-faults.js';
import { VirtualTime } from './virtual-time.js';
import { watchWrites } from './watch-writes.js';
import { type Ends, endsOf } from './what-goes.js';
import { noteWhatIsShown } from './what-is-shown.js';

export const FEDERATION = 'ab'.repeat(32) as FederationId;
export interface FederationOptions {
  readonly liveViews: boolean;
  readonly size?: HistorySize;
  /** A member that never purges. */
  readonly ignoring?: MemberCode | undefined;
}

export class Federation {
  readonly time = new VirtualTime();
  readonly ledger = new Ledger();
  readonly network: Network;
  readonly chance: Chance;
  readonly root: KeyPair;
  readonly homes = new Map<MemberCode, Home>();
  readonly nodes = new Map<MemberCode, SimulatedNode>();
  /** Second nodes with somebody's keys. */
  readonly copies = new Set<SimulatedNode>();
  /** People work at the copies too, as they do when nobody knows that it is one. */
  copiesPublish = false;
  readonly anchors: RegistryAnchors;
  /** New keys that the registry may come to name. */
  readonly newSecrets = new Map<MemberCode, { secrets: MemberSecrets; keepsHome: boolean }>();
  /** Members that have got new keys: others refuse the old ones, and the new until they have the registry. */
  readonly replaced = new Set<MemberCode>();
  /** Which of several instances a dial reaches; undefined = the first. */
  route: (to: MemberCode, from: Host) => Host | 'nobody' | undefined = () => undefined;
  onDelivery: (envelope: Envelope, from: Host, to: Host) => void = () => {};
  onEvent: (node: SimulatedNode, event: ExchangeEvent) => void = () => {};
  onFrameTaken: Surroundings['onFrameTaken'] = () => {};
  /** Set for nodes that lie. */
  tamper: (host: Host) => Host['tamper'] = () => undefined;
  readonly #options: FederationOptions;
  readonly #size: HistorySize;
  readonly #spreading = watchSpreading(this.ledger, () => this.time.now());
  readonly #starting = new Set<MemberCode>();

  private constructor(chance: Chance, hub: MemberSecrets, options: FederationOptions) {
    this.chance = chance;
    this.#options = options;
    this.#size = options.size ?? USUAL_SIZE;
    this.network = new Network(this.time, chance.fork('network'), this.#size.streamBytes);
    this.root = keyPairOf(chance.fork('root').bytes(32));
    this.anchors = {
      federation: FEDERATION,
      rootKey: this.root.publicKey,
      hubKeys: create(MemberKeysSchema, publicKeysOf(hub)),
    };
    this.network.onDelivery = (envelope, from, to) => {
      this.onDelivery(envelope, from, to);
      noteWhatIsShown(this.ledger, envelope, from);
      checkHeard(this, envelope, from.member, to.member);
    };
  }

  /** Lyon and the countries, admitted and running; each dials Lyon. */
  static async begin(
    chance: Chance,
    countries: readonly MemberCode[],
    options: FederationOptions,
  ): Promise<Federation> {
    const hubSecrets = secretsFrom(chance.fork(LYON));
    const federation = new Federation(chance, hubSecrets, options);
    await federation.build(LYON, hubSecrets);
    await federation.start(LYON);
    const hub = federation.hub as SimulatedNode;
    federation.time.after(0, () =>
      federation.does('found the federation', async () => {
        await federation.append(hub, [federation.admission(LYON)]);
        for (const country of countries) await federation.build(country, secretsFrom(chance.fork(country)));
        await federation.append(
          hub,
          countries.map((country) => federation.admission(country)),
        );
        for (const country of countries) await federation.start(country);
      }),
    );
    await federation.time.advance(500);
    if (hub.registry.state.members.size !== countries.length + 1)
      throw new Error('the federation was not founded');
    return federation;
  }

  get hub(): SimulatedNode | undefined {
    return this.nodes.get(LYON);
  }

  /** All that run, copies too. */
  running(): SimulatedNode[] {
    return [...this.nodes.values(), ...this.copies].filter((node) => node.isRunning);
  }

  /** Members by the hub's registry, suspended or not; by that of the longest copy while the hub is down. */
  state() {
    let longest = this.running()[0]?.registry.state;
    for (const { registry } of this.running())
      if (longest === undefined || registry.state.size > longest.size) longest = registry.state;
    return longest;
  }

  /** A home on an empty disk, or on a backup. */
  async build(member: MemberCode, secrets: MemberSecrets, content: readonly Commit[] = []): Promise<Home> {
    const before = this.homes.get(member);
    const home: Home = {
      member,
      secrets,
      disk: await newDisk(this.time, this.chance.fork(`disk ${member} ${this.time.now()}`), content),
      complies: member !== this.#options.ignoring,
      skewMs: 0,
      dials: before?.dials ?? new Set(member === LYON ? [] : [LYON]),
    };
    this.homes.set(member, home);
    return home;
  }

  /** Starts the member's node, unless it runs. */
  async start(member: MemberCode): Promise<void> {
    const home = this.homes.get(member);
    if (home === undefined || this.nodes.get(member)?.isRunning === true || this.#starting.has(member))
      return;
    this.#starting.add(member);
    try {
      await this.#keptWhatItShowed(home);
      this.nodes.set(member, await this.#startHome(home));
    } finally {
      this.#starting.delete(member);
    }
  }

  /** A second node on a copy of the member's home, which dials and is dialled by nobody. */
  async startCopy(home: Home): Promise<SimulatedNode> {
    const copy = await this.#startHome(home);
    this.copies.add(copy);
    return copy;
  }

  async #startHome(home: Home): Promise<SimulatedNode> {
    let watched: SimulatedNode | undefined;
    const node = await startNode(home, {
      time: this.time,
      network: this.network,
      anchors: this.anchors,
      chance: this.chance.fork(`node ${home.member}`),
      listening: (member, from) => {
        const host = this.route(member, from) ?? this.nodes.get(member)?.host;
        return host === 'nobody' ? undefined : host;
      },
      onEvent: (from, event) => {
        this.onEvent(from, event);
        judge(from, event, this.ledger, this.replaced);
        if (event.kind === 'forked') this.#spreading.found(from, event.log);
      },
      onFrameTaken: (...taken) => this.onFrameTaken(...taken),
      onFrameSent: (by, link, messages) => this.#spreading.said(by, link, messages),
      onError: (from, error) => this.ledger.broken('no error is unhandled', `${from.member}: ${text(error)}`),
      dress: (store) =>
        watchWrites(
          store,
          () => watched,
          this.ledger,
          (values) => checkWritten(this, home.member, values),
        ),
      liveViews: this.#options.liveViews,
      bulk: this.#size.views,
    });
    node.host.tamper = this.tamper(node.host);
    node.registry.onChange(() => {
      if (node.member === LYON && node.isRunning) this.time.after(0, () => this.#giveNewKeys(node));
    });
    if (node.member === LYON) this.#giveNewKeys(node);
    watched = node;
    return node;
  }

  /** Runs a task of the simulation; an error that is no Failure is a bug. */
  does(what: string, task: () => Promise<unknown>): void {
    task().catch((error: unknown) => {
      if (error instanceof Failure) return;
      this.ledger.broken('no error is unhandled', `${what}: ${text(error)}`);
    });
  }

  entry(statement: EntryParts['statement'], keepUntilDay = 0, author?: Author): Uint8Array {
    const now = Math.floor(this.time.now() / 1000);
    const made = { statement, keepUntilDay, now, random: (size: number) => this.chance.bytes(size) };
    return buildEntry(author === undefined ? made : { ...made, author });
  }

  admission(member: MemberCode): Uint8Array {
    const { secrets } = this.homes.get(member) as Home;
    const keys = create(MemberKeysSchema, publicKeysOf(secrets));
    const value = create(AdmitSchema, {
      member,
      keys,
      address: `${member.toLowerCase()}.example:443`,
      quota: { entries: 1_000_000n, bytes: 1_000_000_000n },
    });
    if (member === LYON) value.rootSignature = signAsRoot(FEDERATION, value, this.root.secretKey);
    return this.entry({ case: 'admit', value });
  }

  /** An amendment that is like no other: Lyon's own quota. */
  amendment(entries: number) {
    return create(AmendSchema, { member: LYON, quota: { entries: BigInt(entries), bytes: 1_000_000_000n } });
  }

  /** Writes into the registry, as the hub's office does. Throws a Failure when the hub cannot. */
  async enact(entries: readonly Uint8Array[], hub = this.hub): Promise<void> {
    if (hub?.isRunning !== true) throw new Failure('hub-down', 'the hub does not run');
    await hub.exchange.guard.whenReady((ms, act) => hub.clock.after(ms, act));
    if (!this.mayAppend(hub)) throw new Failure('not-yet', 'the operator waits for the members');
    await this.append(hub, entries);
  }

  /** Appends to the registry, and writes down what was acknowledged. */
  async append(hub: SimulatedNode, entries: readonly Uint8Array[]): Promise<void> {
    const { log } = hub.registry;
    const head = await log.append(entries, ed25519Signer(log.name, hub.home.secrets.log));
    const first = head.size - entries.length;
    for (const [at, entry] of entries.entries()) this.ledger.acknowledge(log.name, first + at, entry);
  }

  /** Publishes, and writes down what was acknowledged. */
  publish(node: SimulatedNode, entries: readonly Uint8Array[]): void {
    if (!this.mayAppend(node)) return;
    for (const entry of entries) {
      this.does(`publish at ${node.member}`, async () => {
        await this.publishNow(node, entry);
      });
    }
  }

  /** Resolves when the entry is acknowledged. */
  async publishNow(node: SimulatedNode, entry: Uint8Array): Promise<void> {
    const said = this.ledger.publishes(node.member, entry);
    const { log, index } = await node.publish(entry);
    if (this.ledger.dishonest.has(node.member)) return;
    this.ledger.acknowledge(log.name, index, entry);
    said.place = { log: log.name, index };
  }

  /** What of all that was published is to be gone by now. */
  ends(): Ends {
    const { state } = (this.hub ?? (this.running()[0] as SimulatedNode)).registry;
    return endsOf(this.ledger.said, this.state() ?? state, utcDay(this.time.now()), (said) =>
      this.ledger.keeps(said),
    );
  }

  /**
   * After a disk that went back in time, the operator begins only while somebody is connected who has the most of
   * every log of ours: the check of one's own log can know only what those say who answer.
   */
  mayAppend(node: SimulatedNode): boolean {
    if (!this.ledger.setBack.has(node.member) || this.ledger.dishonest.has(node.member)) return true;
    return this.ownLogs(node.member).every((name) => {
      const most = Math.max(...this.others(node.member).map((other) => other.logs.get(name)?.size ?? 0), 0);
      if ((node.logs.get(name)?.size ?? 0) >= most) return true;
      return this.others(node.member).some(
        (other) =>
          (other.logs.get(name)?.size ?? 0) === most &&
          node.exchange.linkTo(other.member)?.session.consumer.compared() === true,
      );
    });
  }

  others(member: MemberCode): SimulatedNode[] {
    return [...this.nodes.values()].filter((node) => node.member !== member);
  }

  /** The logs that the member signs, by the longest registry. */
  ownLogs(member: MemberCode): LogName[] {
    const state = this.state();
    if (state === undefined) return [];
    const names = [...state.logs.values()].filter((log) => log.member === member).map(({ name }) => name);
    return member === LYON ? [registryLog(state), ...names] : names;
  }

  /** Whoever was named with new keys goes on with them, on the old disk or on an empty one. */
  #giveNewKeys(hub: SimulatedNode): void {
    for (const [member, { secrets, keepsHome }] of this.newSecrets) {
      const keys = hub.registry.state.members.get(member)?.keys;
      if (keys === undefined || Buffer.compare(keys.log, secrets.log.publicKey) !== 0) continue;
      this.newSecrets.delete(member);
      this.nodes.get(member)?.crash('reset');
      this.does('replace keys', async () => {
        const before = this.homes.get(member);
        const home = await this.build(member, secrets, keepsHome ? await before?.disk.copy() : []);
        if (!keepsHome) {
          this.ledger.setBack.add(member);
          this.ledger.forgetShown(member);
          await this.excuseWhatIsGone(home);
        }
        await this.time.pause(this.chance.int(10, 5000));
        await this.start(member);
      });
    }
  }

  /** After a disk was lost or set back: what nobody else has of the member's logs can be asked of nobody. */
  async excuseWhatIsGone(home: Home): Promise<void> {
    for (const name of this.ledger.acknowledged().keys()) {
      const { member } = parseLogName(name);
      if ((member ?? LYON) !== home.member) continue;
      let most = await sizeOn(home.disk.store, name);
      for (const other of this.homes.values()) {
        if (other !== home) most = Math.max(most, await sizeOn(other.disk.store, name));
      }
      this.ledger.excuse(name, most);
    }
  }

  /** Promise 0, looked at whenever a disk is opened again. */
  async #keptWhatItShowed(home: Home): Promise<void> {
    for (const [log, size] of this.ledger.shownBy(home.member)) {
      const kept = await sizeOn(home.disk.store, log);
      if (kept < size && !this.ledger.forked.has(log)) {
        this.ledger.broken(
          '0 what was shown survives',
          `${home.member} showed ${short(log)} up to ${size} and found it up to ${kept} after its restart`,
        );
      }
    }
  }
}

export function secretsFrom(chance: Chance): MemberSecrets {
  return deriveSecrets(newSeed((sizeBytes) => chance.bytes(sizeBytes)));
}

/** How far a store has the log on disk. */
export async function sizeOn(store: LogStore, name: LogName): Promise<number> {
  const none = (): [] => [];
  const rules = { keys: none, keysAt: none, cut: () => undefined, examine: () => undefined };
  const log = await Log.open(name, store, rules);
  return log.size;
}

export function text(error: unknown): string {
  return error instanceof Error
    ? (error.stack ?? error.message).split('\n').slice(0, 4).join(' | ')
    : String(error);
}
