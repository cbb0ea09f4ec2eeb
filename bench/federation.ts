// The homes of a federation on loopback, made by the commands that users have: each node has run once, so that
// it has the registry, and is stopped. What is measured runs on these homes or on copies of them.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readConfig, writeConfig } from '../node/home/config.js';
import { homePaths } from '../node/home/layout.js';
import { LYON, parseMemberCode } from '../node/names.js';
import { icse, startNode } from './icse.js';
import { until } from './until.js';

const LOOPBACK = '127.0.0.1:0';
const REGISTRY = 'registry';
/** As many at once as it takes to keep a small machine busy. */
const AT_ONCE = 4;

export interface Federation {
  /** The home of the hub or of a member. */
  home(member: string): string;
}

/** A member, and whom it dials beside the hub. */
export interface MemberWanted {
  readonly code: string;
  readonly dials?: readonly string[];
}

/** Makes the homes below the folder. */
export async function makeFederation(folder: string, members: readonly MemberWanted[]): Promise<Federation> {
  await mkdir(folder);
  const home = (member: string): string => join(folder, member);
  await icse('hub', 'create', '--home', home(LYON), '--listen', LOOPBACK);
  const hub = await startNode(home(LYON));
  try {
    await inGroups(members, async ({ code, dials = [] }) => {
      const invitation = join(folder, `${code}.invitation`);
      await icse('member', 'invite', code, '--home', home(LYON), '--out', invitation);
      await icse('join', '--home', home(code), '--invitation', invitation, '--listen', LOOPBACK);
      await letDial(home(code), dials);
    });
    const size = await registrySize(hub);
    await inGroups(members, async ({ code }) => {
      const node = await startNode(home(code));
      try {
        await until(`${code} has the registry`, async () => (await registrySize(node)) === size);
      } finally {
        await node.stop();
      }
    });
  } finally {
    await hub.stop();
  }
  return { home };
}

async function registrySize({
  client,
}: Pick<Awaited<ReturnType<typeof startNode>>, 'client'>): Promise<number> {
  const { logs } = await client.status();
  return logs.find(({ member }) => member === REGISTRY)?.size ?? 0;
}

async function letDial(home: string, dials: readonly string[]): Promise<void> {
  if (dials.length === 0) return;
  const { config } = homePaths(home);
  const settings = await readConfig(config);
  await writeConfig(config, { ...settings, peers: { ...settings.peers, dial: dials.map(parseMemberCode) } });
}

async function inGroups<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += AT_ONCE) {
    await Promise.all(items.slice(at, at + AT_ONCE).map(act));
  }
}
