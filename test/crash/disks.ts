// Disks for tests, mounted where a test wants one: small ones that fill up, and ones that turn read-only under
// their users. Only root can mount, and not everywhere; who cannot gets undefined,
// is told so on the console, and skips: a run without these tests has to be seen as one.

import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MIB = 1024 * 1024;

export interface Disk {
  /** Leaves no room; `makeRoom` takes that back. */
  fill(): void;
  makeRoom(): void;
  /** As when a disk fails: everything on it can be read and nothing written, by open files neither. */
  turnReadOnly(): void;
  unmount(): void;
}

/** A small disk in memory. */
export function aSmallDisk(place: string, sizeMib: number): Disk | undefined {
  mkdirSync(place, { recursive: true, mode: 0o700 });
  if (!ran('mount', '-t', 'tmpfs', '-o', `size=${sizeMib}m,mode=0700`, 'tmpfs', place)) return undefined;
  return diskAt(place);
}

/** A disk that can fail: in a file, because a disk in memory is not turned read-only while files are open. */
export function aDiskThatFails(place: string, file: string, sizeMib: number): Disk | undefined {
  mkdirSync(place, { recursive: true, mode: 0o700 });
  writeFileSync(file, '');
  truncateSync(file, sizeMib * MIB);
  const mounted = ran('mkfs.ext4', '-q', file) && ran('mount', '-o', 'loop', file, place);
  if (!mounted) return undefined;
  rmSync(join(place, 'lost+found'), { recursive: true });
  return diskAt(place);
}

function diskAt(place: string): Disk {
  const ballast = join(place, 'ballast');
  return {
    fill() {
      const { bavail, bsize } = statfsSync(place);
      writeFileSync(ballast, Buffer.alloc(bavail * bsize, 1));
    },
    makeRoom: () => rmSync(ballast),
    // ext4(5): as if the file system had found an error.
    turnReadOnly: () => void execFileSync('mount', ['-o', 'remount,abort', place], { stdio: 'ignore' }),
    unmount: () => void execFileSync('umount', [place], { stdio: 'ignore' }),
  };
}

function ran(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    console.warn(
      `a test with a disk of its own is skipped: ${command} does not work here, as for all but root`,
    );
    return false;
  }
}
