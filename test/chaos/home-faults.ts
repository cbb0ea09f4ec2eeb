// What happens to homes in a history: crashes, restarts, slow disks, wrong clocks, disks that are lost or set back.

import { LYON, type MemberCode } from '../../node/names.js';
import type { Commit } from '../../node/store/log-store.js';
import { type Scene, someHome } from './scene.js';
import { mayBeSetBack } from './set-backs.js';
import type { Home } from './simulated-node.js';

const LONGEST_DOWN_MS = 25_000;

function startLater({ federation, chance }: Scene, member: MemberCode): void {
  federation.time.after(chance.int(50, LONGEST_DOWN_MS), () =>
    federation.does(`start ${member}`, () => federation.start(member)),
  );
}

function isUp({ federation }: Scene): (home: Home) => boolean {
  return ({ member }) => federation.nodes.get(member)?.isRunning === true;
}

export function crash(scene: Scene, how: 'reset' | 'silence'): boolean {
  const home = someHome(scene, isUp(scene));
  if (home === undefined) return false;
  scene.federation.nodes.get(home.member)?.crash(how);
  startLater(scene, home.member);
  return true;
}

export function powerCutAtWrite(scene: Scene): boolean {
  const home = someHome(scene, isUp(scene));
  if (home === undefined) return false;
  const { nodes } = scene.federation;
  const node = nodes.get(home.member);
  home.disk.atWrite(scene.chance.int(1, 6), () => {
    node?.crash(scene.chance.happens(0.5) ? 'silence' : 'reset');
    startLater(scene, home.member);
  });
  return true;
}

export function restart(scene: Scene): boolean {
  const home = someHome(scene, isUp(scene));
  return home !== undefined && restartMember(scene, home.member);
}

export function restartMember(scene: Scene, member: MemberCode): boolean {
  const node = scene.federation.nodes.get(member);
  if (node?.isRunning !== true || scene.spared.has(member)) return false;
  scene.federation.does(`stop ${member}`, async () => {
    await node.stop();
    startLater(scene, member);
  });
  return true;
}

export function backUp(scene: Scene): boolean {
  const home = someHome(scene);
  if (home === undefined) return false;
  scene.federation.does(`back up ${home.member}`, async () => {
    scene.backups.set(home.member, await home.disk.copy());
  });
  return true;
}

export function restore(scene: Scene): boolean {
  const home = someHome(
    scene,
    ({ member }) => scene.backups.has(member) && mayBeSetBack(scene.federation, member),
  );
  return home !== undefined && setBack(scene, home, scene.backups.get(home.member) as readonly Commit[]);
}

export function loseHub(scene: Scene): boolean {
  const home = scene.federation.homes.get(LYON) as Home;
  return !scene.spared.has(LYON) && mayBeSetBack(scene.federation, LYON) && setBack(scene, home, []);
}

/** The home goes on with an older disk. */
function setBack({ federation, chance }: Scene, home: Home, content: readonly Commit[]): boolean {
  const { member, secrets } = home;
  federation.nodes.get(member)?.crash('reset');
  federation.ledger.setBack.add(member);
  federation.ledger.forgetShown(member);
  // The home is another from this moment on, so that nothing starts on the old disk meanwhile.
  federation.does(`set back ${member}`, async () => {
    const now = await federation.build(member, secrets, content);
    await federation.time.pause(chance.int(1000, LONGEST_DOWN_MS));
    await federation.excuseWhatIsGone(now);
    await federation.start(member);
  });
  return true;
}

export function slowDisk(scene: Scene): boolean {
  const home = someHome(scene);
  if (home === undefined) return false;
  const { disk } = home;
  disk.slowDown(scene.chance.int(50, 3000));
  scene.federation.time.after(scene.chance.int(500, 20_000), () => disk.slowDown(4));
  return true;
}

export function setClock(scene: Scene, mostMs: number): boolean {
  const home = someHome(scene);
  if (home === undefined) return false;
  home.skewMs = scene.chance.int(-mostMs, mostMs);
  scene.federation.time.after(scene.chance.int(1000, 60_000), () => {
    home.skewMs = 0;
  });
  return true;
}
