// What the countries of a demonstration publish: hashes of real and harmless files, those of the project's own
// dependencies. Each country gets its share of them, and neighbours share some, so that their lists overlap.

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure } from '../../node/failure.js';

export interface FileHashes {
  readonly sha256: string;
  readonly sha1: string;
  readonly md5: string;
  readonly size: number;
}

/** The dependencies, seen from the compiled file and from the source alike. */
const PACKAGES = ['../../../node_modules', '../../node_modules'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);
/** Where many small text files lie in one place. */
const SOURCES = [join('@bufbuild', 'protobuf', 'dist'), join('@grpc', 'grpc-js', 'build')];
const FILE = /\.(?:js|ts|md|json)$/;

/** Hashes of `count` different files, always in the same order. Throws Failure 'no-material'. */
export async function hashesOfFiles(count: number): Promise<FileHashes[]> {
  const found = new Map<string, FileHashes>();
  for (const directory of PACKAGES) {
    for (const file of await filesIn(directory)) {
      const bytes = await readFile(file);
      if (bytes.length === 0) continue;
      const sha256 = digest('sha256', bytes);
      found.set(sha256, {
        sha256,
        sha1: digest('sha1', bytes),
        md5: digest('md5', bytes),
        size: bytes.length,
      });
      if (found.size === count) return [...found.values()];
    }
  }
  throw new Failure(
    'no-material',
    `only ${found.size} of ${count} files were found under node_modules: run npm ci`,
  );
}

async function filesIn(directory: string): Promise<string[]> {
  const found: string[] = [];
  for (const source of SOURCES.map((part) => join(directory, part))) {
    try {
      const names = await readdir(source, { recursive: true });
      found.push(
        ...names
          .filter((name) => FILE.test(name))
          .sort()
          .map((name) => join(source, name)),
      );
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return found;
}

/** A list in our own format. */
export function asJsonLines(files: readonly FileHashes[]): string {
  return files.map((file) => `${JSON.stringify({ ...file, kind: 'image' })}\n`).join('');
}

/** A list as CSV. */
export function asCsv(files: readonly FileHashes[]): string {
  return `sha256,sha1,md5,size\n${files.map((file) => `${file.sha256},${file.sha1},${file.md5},${file.size}\n`).join('')}`;
}

/** A list as `sha256sum` prints it, under names that say nothing. */
export function asChecksums(files: readonly FileHashes[]): string {
  return files.map((file, index) => `${file.sha256}  file-${index}\n`).join('');
}

function digest(algorithm: string, bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest('hex');
}
