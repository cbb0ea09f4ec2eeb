// A federation on this machine: Lyon and several countries on loopback, each a process with a home of its own,
// made and driven through the commands that users have.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import type { MemberListItem, NodeStatus, Notice } from '../../node/api.js';
import { createProcesses, type Processes, type Running } from './processes.js';

const LOOPBACK = '127.0.0.1:0';

export interface Country {
  readonly code: string;
  readonly home: string;
  node: Running;
  /** Notices as `icse watch` tells them, with the time at which they came. */
  readonly notices: { readonly notice: Notice; readonly at: number }[];
  /** Resolves with the first notice that fits and when it came; rejects when it does not come in time. */
  told(fits: (notice: Notice) => boolean, what: string): Promise<{ notice: Notice; at: number }>;
}

export interface DemoFederation {
  readonly directory: string;
  readonly hubHome: string;
  readonly processes: Processes;
  readonly countries: ReadonlyMap<string, Country>;
  startHub(): Promise<void>;
  stopHub(): Promise<void>;
  /** Invites, joins and starts a country; `dial` names countries that it keeps a stream to beside Lyon's. */
  join(code: string, name: string, dial?: readonly string[]): Promise<Country>;
  status(home: string): Promise<NodeStatus>;
  memberList(): Promise<MemberListItem[]>;
  /** Asks for the status until it fits; rejects when it does not come about in time. */
  until(home: string, fits: (status: NodeStatus) => boolean, what: string): Promise<NodeStatus>;
  /** Ends all processes and removes the directory. */
  close(): Promise<void>;
}

/** What is to be seen must be seen within so long. */
const PATIENCE_MS = 20_000;
/** Pause between two looks at a status. */
const LOOK_MS = 150;

/** Creates the hub in a new temporary directory; nothing runs yet. */
export async function createDemoFederation(): Promise<DemoFederation> {
  const directory = await mkdtemp(join(tmpdir(), 'icse-demo-'));
  const processes = createProcesses();
  const hubHome = join(directory, 'lyon');
  const countries = new Map<string, Country>();
  let hub: Running | undefined;

  await processes.icse(['hub', 'create', '--home', hubHome, '--listen', LOOPBACK]);

  async function status(home: string): Promise<NodeStatus> {
    return JSON.parse(await processes.icse(['status', '--home', home, '--json'])) as NodeStatus;
  }

  async function watch(country: Country, waiting: Set<() => void>): Promise<void> {
    const watching = await processes.start(['watch', '--home', country.home, '--json', '--from', '1'], false);
    watching.onLine((line) => {
      country.notices.push({ notice: JSON.parse(line) as Notice, at: Date.now() });
      for (const look of waiting) look();
    });
  }

  return {
    directory,
    hubHome,
    processes,
    countries,
    status,
    async startHub() {
      hub = await processes.start(['start', '--home', hubHome], true);
    },
    async stopHub() {
      await hub?.stop();
    },
    async join(code, name, dial = []) {
      const home = join(directory, code.toLowerCase());
      const invitation = join(directory, `${code}.invitation`);
      await processes.icse([
        'member',
        'invite',
        code,
        '--name',
        name,
        '--home',
        hubHome,
        '--out',
        invitation,
      ]);
      await processes.icse(['join', '--home', home, '--invitation', invitation, '--listen', LOOPBACK]);
      if (dial.length > 0) await configureDialling(join(home, 'icse.yaml'), dial);
      const node = await processes.start(['start', '--home', home], true);
      const waiting = new Set<() => void>();
      const notices: Country['notices'] = [];
      const country: Country = {
        code,
        home,
        node,
        notices,
        told: (fits, what) =>
          new Promise((resolve, reject) => {
            const timer = setTimeout(() => {
              waiting.delete(look);
              reject(new Error(`${code} was not told in ${PATIENCE_MS / 1000} s: ${what}`));
            }, PATIENCE_MS);
            const look = (): void => {
              const found = notices.find(({ notice }) => fits(notice));
              if (found === undefined) return;
              clearTimeout(timer);
              waiting.delete(look);
              resolve(found);
            };
            waiting.add(look);
            look();
          }),
      };
      countries.set(code, country);
      await watch(country, waiting);
      return country;
    },
    async memberList() {
      return JSON.parse(
        await processes.icse(['member', 'list', '--home', hubHome, '--json']),
      ) as MemberListItem[];
    },
    async until(home, fits, what) {
      const deadline = Date.now() + PATIENCE_MS;
      for (;;) {
        const now = await status(home);
        if (fits(now)) return now;
        if (Date.now() > deadline) throw new Error(`did not come about in ${PATIENCE_MS / 1000} s: ${what}`);
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    },
    async close() {
      await processes.stopAll();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function configureDialling(path: string, dial: readonly string[]): Promise<void> {
  const config = parseDocument(await readFile(path, 'utf8'));
  config.setIn(['peers', 'dial'], [...dial]);
  await writeFile(path, config.toString());
}
