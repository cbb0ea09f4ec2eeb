// icse verify: checks the proof of a fault offline, with nothing but the fingerprint of the federation's root.

import { readFile, stat } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { Failure } from '../../node/failure.js';
import type { Terminal } from './terminal.js';

/** A root certificate, a few checkpoints and the registry entries that lead to a key: under 10 MB at 4,096 members. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;

interface VerifyOptions {
  readonly rootFingerprint: string;
  readonly json?: boolean;
}

export function verifyCommand(terminal: Terminal): Command {
  return new Command('verify')
    .description(
      "Checks the proof of a fault, such as a fork of a member's log; needs neither node nor network.",
    )
    .argument('<file>', 'the proof, a JSON document; or several, one a line')
    .requiredOption(
      '--root-fingerprint <HEX>',
      "SHA-256 of the federation's root certificate: the federation id",
      fingerprintArgument,
    )
    .option('--json', 'print JSON, for programs')
    .addHelpText('after', '\nExample:\n  icse verify fault.json --root-fingerprint 5f0c...\n')
    .action((file: string, options: VerifyOptions) => verify(terminal, file, options));
}

async function verify(
  terminal: Terminal,
  file: string,
  { rootFingerprint, json = false }: VerifyOptions,
): Promise<void> {
  const documents = documentsIn(file, await readText(file));
  const { verifyFaultDocument } = await import('../../node/evidence/fault-document.js');
  for (const document of documents) {
    const fault = verifyFaultDocument(document, rootFingerprint);
    if (json) {
      await terminal.printJson({ ok: true, ...fault });
      continue;
    }
    const { kind, log, member, first, second } = fault;
    await terminal.print(
      `${terminal.paint('green', 'proven')}: ${kind} by ${member}: two checkpoints of ${log}, of sizes ${first} and ${second}, that cannot both be true\n`,
    );
  }
}

/** One document, however it is laid out, or what `icse faults` prints when it knows of several. */
function documentsIn(file: string, text: string): readonly unknown[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) throw new Failure('bad-proof', `${file} is empty: there is no proof in it`);
  try {
    return [JSON.parse(text)];
  } catch (whole) {
    try {
      return lines.map((line): unknown => JSON.parse(line));
    } catch {
      throw new Failure('bad-proof', `${file} is no proof: it is not JSON`, whole);
    }
  }
}

async function readText(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > MAX_FILE_BYTES) throw new Failure('bad-proof', `${file} is over 16 MiB, which no proof is`);
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Failure) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Failure(
      'bad-proof',
      code === 'ENOENT' ? `there is no file ${file}` : `${file}: ${message}`,
      error,
    );
  }
}

/** In the spellings of certificate tools, too: upper case, with colons. */
function fingerprintArgument(text: string): string {
  const digits = text.replaceAll(':', '').toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(digits)) throw new InvalidArgumentError('It must be 64 hex digits.');
  return digits;
}
