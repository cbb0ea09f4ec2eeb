// The bytes of an import file or of standard input, piece by piece as the reader asks for them.

import { type FileHandle, open } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import { BadImport } from './bad-import.js';

/** About a thousand records: one batch. */
const CHUNK_BYTES = 262_144;

export interface ImportFile {
  /** For messages. */
  readonly name: string;
  /** Unknown for pipes. */
  readonly totalBytes: number | undefined;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Opens a file; the handle is closed when `chunks` ends or is left. Throws BadImport. */
export async function openImportFile(path: string, signal: AbortSignal | undefined): Promise<ImportFile> {
  let handle: FileHandle;
  try {
    handle = await open(path);
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    const stat = await handle.stat();
    if (stat.isDirectory()) throw new BadImport(path, 'is a directory, not a file');
    return {
      name: path,
      totalBytes: stat.isFile() ? stat.size : undefined,
      chunks: chunksOf(path, handle.createReadStream({ highWaterMark: CHUNK_BYTES }), signal),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Standard input, or whatever stands in for it. */
export function standardInput(stream: Readable, signal: AbortSignal | undefined): ImportFile {
  const name = 'standard input';
  return { name, totalBytes: undefined, chunks: chunksOf(name, stream, signal) };
}

async function* chunksOf(
  name: string,
  stream: Readable,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  if (signal !== undefined) addAbortSignal(signal, stream);
  try {
    for await (const chunk of stream) yield chunk as Uint8Array;
  } catch (error) {
    signal?.throwIfAborted();
    throw unreadable(name, error);
  }
}

function unreadable(name: string, error: unknown): BadImport {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  switch (code) {
    case 'ENOENT':
      return new BadImport(name, 'there is no such file', { cause: error });
    case 'EACCES':
    case 'EPERM':
      return new BadImport(name, 'this user may not read it', { cause: error });
    default:
      return new BadImport(name, `cannot be read (${code})`, { cause: error });
  }
}
