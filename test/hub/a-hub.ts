// A hub for the tests of home, hub and enrolment: made once (RSA keys are slow), two months ago, and copied for
// each test. Running, it has its real store, registry and enrolment listener.

import { randomBytes } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { writePrivate } from '../../certs/files.js';
import { generateNodeKey } from '../../certs/request.js';
import { type Clock, systemClock } from '../../node/clock.js';
import type { InvitationFile } from '../../node/enrolment/invitation-file.js';
import { join } from '../../node/enrolment/join.js';
import { isRenewalDue, renewOnce } from '../../node/enrolment/renewal.js';
import { type EnrolmentListener, listenEnrolment } from '../../node/enrolment/server.js';
import { writeDocument } from '../../node/home/document.js';
import { type Identity, loadIdentity } from '../../node/home/identity.js';
import { type HomePaths, homePaths } from '../../node/home/layout.js';
import type { HubEvent } from '../../node/hub/audit.js';
import { createHub } from '../../node/hub/create.js';
import type { Invite } from '../../node/hub/invite.js';
import { type HubOffice, openHubOffice } from '../../node/hub/office.js';
import { createAppender } from '../../node/log/appender.js';
import { Logs } from '../../node/log/logs.js';
import { type LogName, type MemberCode, parseMemberCode } from '../../node/names.js';
import { Registry } from '../../node/registry/registry.js';
import { buildEntry } from '../../node/statements/build.js';
import { openLevelStore } from '../../node/store/level-store.js';
import { ed25519Signer } from '../../node/tlog/note.js';
import { MediaKind, MediaRecordSchema } from '../../proto/gen/icse/v1/entry_pb.js';

export const DAY_MS = 86_400_000;
export const random = (sizeBytes: number): Uint8Array => new Uint8Array(randomBytes(sizeBytes));
export const NL = parseMemberCode('NL');
export const AU = parseMemberCode('AU');

/** The machine's clock, moved. */
export interface MovedClock extends Clock {
  offsetMs: number;
}

export function aClock(offsetMs = 0): MovedClock {
  const clock = { ...systemClock, offsetMs, now: () => Date.now() + clock.offsetMs };
  return clock;
}

const folders: string[] = [];

/** A new empty folder; `removeFolders` takes all of them away. */
export async function aFolder(): Promise<string> {
  const folder = await mkdtemp(joinPath(tmpdir(), 'icse-test-'));
  folders.push(folder);
  return folder;
}

export async function removeFolders(): Promise<void> {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
}

const BASES = joinPath(tmpdir(), 'icse-test-base-');

/** The home that all are copied from. The files of one run share it: they have one parent process. */
async function baseHome(): Promise<string> {
  const base = `${BASES}${process.ppid}`;
  const home = joinPath(base, 'lyon');
  if (await isThere(home)) return home;
  await removeOldBases();
  const draft = homePaths(joinPath(await aFolder(), 'lyon'));
  await createHub({ home: draft.home, listen: '127.0.0.1:0', clock: aClock(-60 * DAY_MS), random });
  await (await aRunningHub(draft)).close();
  await mkdir(base, { recursive: true });
  // Whoever comes second finds one that is as good.
  await rename(draft.home, home).catch(() => {});
  return home;
}

/** Runs that have ended left theirs. */
async function removeOldBases(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const path = joinPath(tmpdir(), name);
    if (!path.startsWith(BASES) || (await isThere(`/proc/${path.slice(BASES.length)}`))) continue;
    await rm(path, { recursive: true, force: true });
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** The home of a hub that was made two months ago and was started once today. */
export async function aHubHome(): Promise<HomePaths> {
  return aCopyOf(homePaths(await baseHome()));
}

/** A copy of the home of a node that does not run. */
export async function aCopyOf(paths: HomePaths): Promise<HomePaths> {
  const home = joinPath(await aFolder(), 'home');
  await cp(paths.home, home, { recursive: true });
  return homePaths(home);
}

export interface RunningHub {
  readonly paths: HomePaths;
  readonly clock: MovedClock;
  readonly identity: Identity;
  readonly registry: Registry;
  readonly logs: Logs;
  readonly office: HubOffice;
  readonly listener: EnrolmentListener;
  readonly events: HubEvent[];
  /** Called when the hub has done what a call to enrol asked for, before it answers. */
  afterEnrol: () => void;
  /** Invites, with the address at which this hub listens. */
  invite(member: MemberCode, more?: Partial<Invite>): Promise<InvitationFile>;
  /** Lets a member's log grow by media records. */
  grow(log: LogName, by: Identity, count: number): Promise<void>;
  close(): Promise<void>;
}

function aRecord(now: number): Uint8Array {
  const value = create(MediaRecordSchema, {
    recordId: random(16),
    sha256: random(32),
    kind: MediaKind.IMAGE,
  });
  return buildEntry({ statement: { case: 'mediaRecord', value }, now, random });
}

/** Starts the hub of a home as a node would. */
export async function aRunningHub(paths?: HomePaths): Promise<RunningHub> {
  const home = paths ?? (await aHubHome());
  const clock = aClock();
  const stop = new AbortController();
  const events: HubEvent[] = [];
  let identity = await loadIdentity(home);
  const store = await openLevelStore(home.logs);
  const registry = await Registry.open(store, identity.anchors);
  const logs = await Logs.open(store, registry);
  const appender = createAppender(registry.log, ed25519Signer(registry.log.name, identity.secrets.log));
  const office = await openHubOffice({
    paths: home,
    identity,
    registry,
    logs,
    whenReady: async () => {},
    appendToRegistry: (entry) => appender.append([entry]),
    clock,
    random,
    audit: (event) => events.push(event),
    signal: stop.signal,
    onCrlFailure: (error) => {
      throw error;
    },
  }).catch(async (error) => {
    await store.close();
    throw error;
  });
  if (isRenewalDue(identity.tls, clock.now())) {
    const around = {
      paths: home.tls,
      clock,
      random,
      renew: () => office.enrolment.certifyHub(),
      onRenewed: () => {},
      onFailure: () => {},
      signal: stop.signal,
    };
    identity = { ...identity, tls: await renewOnce(around, identity.tls) };
  }
  const listener = await listenEnrolment({
    address: { host: '127.0.0.1', port: 0 },
    identity: identity.tls,
    handlers: {
      async enrol(request, from) {
        const response = await office.enrolment.enrol(request, from);
        running.afterEnrol();
        return response;
      },
      renew: (request, from) => office.enrolment.renew(request, from),
    },
    clock,
    onError: (error) => {
      throw error;
    },
  });
  const running: RunningHub = {
    paths: home,
    afterEnrol: () => {},
    clock,
    identity,
    registry,
    logs,
    office,
    listener,
    events,
    async invite(member, more = {}) {
      const file = await office.invite({ member, name: `The police of ${member}`, ...more });
      return { ...file, hub: { ...file.hub, enrolment: `127.0.0.1:${listener.port}` } };
    },
    async grow(log, by, count) {
      await logs.opened();
      const entries = Array.from({ length: count }, () => aRecord(clock.now() / 1000));
      await logs.get(log)?.append(entries, ed25519Signer(log, by.secrets.log));
    },
    async close() {
      stop.abort();
      await listener.close();
      await store.close();
    },
  };
  return running;
}

let tlsKey: Promise<string> | undefined;

/** A home in which a join was begun, so that it has a TLS key, which is slow to make; all share it. */
export async function aBegunHome({ federation, member }: InvitationFile): Promise<HomePaths> {
  const paths = homePaths(joinPath(await aFolder(), member));
  tlsKey ??= generateNodeKey();
  await mkdir(joinPath(paths.home, 'tls'), { recursive: true });
  await writePrivate(paths.tls.key, await tlsKey);
  await writeDocument(paths.joining, { version: 1, federation, member });
  return paths;
}

/** Joins with the invitation into a new home. */
export async function aMember(
  hub: RunningHub,
  invitation: InvitationFile,
  more: { readonly listen?: string } = {},
): Promise<Identity> {
  const paths = await aBegunHome(invitation);
  await join({
    home: paths.home,
    invitation,
    listen: more.listen,
    clock: hub.clock,
    random,
    onFingerprint: () => {},
    signal: new AbortController().signal,
  });
  return loadIdentity(paths);
}
