// The seed on disk: a small JSON document, mode 0600, written once and never overwritten.
// With a passphrase it is encrypted: scrypt (RFC 7914), then XChaCha20-Poly1305
// (draft-irtf-cfrg-xchacha) with the rest of the document as additional data.
// `sha256` is over the document without it: it tells damage from a wrong passphrase.

import { createHash, scrypt } from 'node:crypto';
import sodium from 'libsodium-wrappers';
import { z } from 'zod';
import { Failure } from '../failure.js';
import { BadPrivateFile, createPrivateFile, readPrivateFile } from './private-file.js';
import { SEED_BYTES } from './seed.js';

await sodium.ready;

/** Both kinds of document are under 500 bytes and a passphrase is a line: more is some other file. */
const MAX_FILE_BYTES = 4096;
/** What a new file costs to open: 128 MiB and about half a second, once at each start. */
const SCRYPT_COST = { N: 2 ** 17, r: 8, p: 1 } as const;
/** A file may ask for up to 1 GiB (128 * N * r) and four passes, not for all of the machine's memory. */
const MAX_SCRYPT = { N: 2 ** 20, r: 8, p: 4 } as const;
const SALT_BYTES = 16;
const NONCE_BYTES = 24;
const TAG_BYTES = 16;

export type SeedFileCode =
  | 'seed-missing'
  | 'seed-permissions'
  | 'seed-passphrase'
  | 'seed-damaged'
  | 'seed-exists';

/** A seed or passphrase file that cannot be used, and what to do about it. */
export class BadSeedFile extends Failure {
  declare readonly code: SeedFileCode;

  constructor(code: SeedFileCode, message: string, cause?: unknown) {
    super(code, message, cause);
  }
}

const PlainDocument = z.strictObject({
  version: z.literal(1),
  seed: bytesOf(SEED_BYTES),
  sha256: z.string(),
});

const EncryptedDocument = z.strictObject({
  version: z.literal(1),
  scrypt: z.strictObject({
    N: z
      .int()
      .min(2)
      .max(MAX_SCRYPT.N)
      .refine((n) => (n & (n - 1)) === 0),
    r: z.int().min(1).max(MAX_SCRYPT.r),
    p: z.int().min(1).max(MAX_SCRYPT.p),
    salt: bytesOf(SALT_BYTES),
  }),
  nonce: bytesOf(NONCE_BYTES),
  sealed: bytesOf(SEED_BYTES + TAG_BYTES),
  sha256: z.string(),
});

const SeedDocument = z.union([PlainDocument, EncryptedDocument]);
type EncryptedHeader = Omit<z.infer<typeof EncryptedDocument>, 'sealed' | 'sha256'>;

/**
 * Writes a new seed file, whole or not at all. Throws BadSeedFile ('seed-exists') when the path is taken.
 *
 *     {                                             {
 *       "version": 1,                                 "version": 1,
 *       "seed": "<base64, 32 bytes>",                 "scrypt": { "N": 131072, "r": 8, "p": 1, "salt": "..." },
 *       "sha256": "<64 hex digits>"                   "nonce": "<base64, 24 bytes>",
 *     }                                               "sealed": "<base64, 48 bytes>",
 *                                                     "sha256": "<64 hex digits>"
 *                                                   }
 */
export async function writeSeedFile(
  path: string,
  seed: Uint8Array,
  options: {
    readonly passphrase?: string | undefined;
    readonly random: (sizeBytes: number) => Uint8Array;
  },
): Promise<void> {
  if (seed.length !== SEED_BYTES) throw new RangeError(`a seed has ${SEED_BYTES} bytes, not ${seed.length}`);
  const { passphrase, random } = options;
  if (passphrase === '') throw new BadSeedFile('seed-passphrase', 'the passphrase is empty; choose another');
  const content =
    passphrase === undefined
      ? { version: 1, seed: toBase64(seed) }
      : await encryptSeed(seed, passphrase, random);
  const document = { ...content, sha256: sha256Of(content) };
  const unique = Buffer.from(random(8)).toString('hex');
  try {
    await createPrivateFile(path, printDocument(document), unique);
  } catch (cause) {
    if (!(cause instanceof BadPrivateFile)) throw cause;
    throw new BadSeedFile(
      'seed-exists',
      `${cause.message}: it is this member's identity; move it away to make another`,
      cause,
    );
  }
}

/** The seed in the file. Throws BadSeedFile. */
export async function readSeedFile(
  path: string,
  options: { readonly passphrase?: string | undefined } = {},
): Promise<Uint8Array> {
  const text = await readOwnFile(path, {
    missing: ['seed-missing', 'run icse join, or restore it from a copy'],
    unreadable: 'seed-damaged',
  });
  const document = parseDocument(path, text);
  if ('seed' in document) return fromBase64(document.seed);
  if (options.passphrase === undefined) {
    throw new BadSeedFile(
      'seed-passphrase',
      `${path} is encrypted: put its passphrase in a file (mode 600) and name that file in ICSE_PASSPHRASE_FILE`,
    );
  }
  const { sealed, sha256: _, ...header } = document;
  const key = await keyOfPassphrase(options.passphrase, header.scrypt);
  try {
    return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
      null,
      fromBase64(sealed),
      headerBytes(header),
      fromBase64(header.nonce),
      key,
    );
  } catch (cause) {
    throw new BadSeedFile(
      'seed-passphrase',
      `the passphrase does not open ${path}: check the first line of the file that ICSE_PASSPHRASE_FILE names`,
      cause,
    );
  } finally {
    sodium.memzero(key);
  }
}

/** The passphrase in the file that ICSE_PASSPHRASE_FILE names: its first line. Throws BadSeedFile. */
export async function readPassphraseFile(path: string): Promise<string> {
  const text = await readOwnFile(path, {
    missing: ['seed-passphrase', 'check what ICSE_PASSPHRASE_FILE names'],
    unreadable: 'seed-passphrase',
  });
  const passphrase = text.split('\n', 1)[0]?.replace(/\r$/, '') ?? '';
  if (passphrase === '') {
    throw new BadSeedFile(
      'seed-passphrase',
      `the first line of ${path} is empty: write the passphrase there`,
    );
  }
  return passphrase;
}

async function readOwnFile(
  path: string,
  codes: {
    readonly missing: readonly [code: SeedFileCode, advice: string];
    readonly unreadable: SeedFileCode;
  },
): Promise<string> {
  try {
    return await readPrivateFile(path, MAX_FILE_BYTES);
  } catch (cause) {
    if (!(cause instanceof BadPrivateFile)) throw cause;
    if (cause.code === 'file-missing') {
      const [code, advice] = codes.missing;
      throw new BadSeedFile(code, `${cause.message}: ${advice}`, cause);
    }
    const code = cause.code === 'file-permissions' ? 'seed-permissions' : codes.unreadable;
    throw new BadSeedFile(code, cause.message, cause);
  }
}

async function encryptSeed(seed: Uint8Array, passphrase: string, random: (sizeBytes: number) => Uint8Array) {
  const header: EncryptedHeader = {
    version: 1,
    scrypt: { ...SCRYPT_COST, salt: toBase64(random(SALT_BYTES)) },
    nonce: toBase64(random(NONCE_BYTES)),
  };
  const key = await keyOfPassphrase(passphrase, header.scrypt);
  try {
    const sealed = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
      seed,
      headerBytes(header),
      null,
      fromBase64(header.nonce),
      key,
    );
    return { ...header, sealed: toBase64(sealed) };
  } finally {
    sodium.memzero(key);
  }
}

/** Normalised (Unicode NFC), so that a passphrase typed on another system is the same passphrase. */
function keyOfPassphrase(passphrase: string, cost: EncryptedHeader['scrypt']): Promise<Uint8Array> {
  const { N, r, p, salt } = cost;
  const maxmem = 2 * 128 * N * r;
  return new Promise((resolve, reject) => {
    scrypt(
      passphrase.normalize('NFC'),
      fromBase64(salt),
      sodium.crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
      { N, r, p, maxmem },
      (error, key) => (error === null ? resolve(key) : reject(error)),
    );
  });
}

/** Strict: what does not print back to the same text is damaged. */
function parseDocument(path: string, text: string): z.infer<typeof SeedDocument> {
  try {
    const document = SeedDocument.parse(JSON.parse(text));
    const { sha256, ...content } = document;
    if (printDocument(document) === text && sha256 === sha256Of(content)) return document;
  } catch (cause) {
    throw damaged(path, cause);
  }
  throw damaged(path);
}

function damaged(path: string, cause?: unknown): BadSeedFile {
  return new BadSeedFile(
    'seed-damaged',
    `${path} is damaged or not a seed file: restore it from a copy, or ask the hub for an invitation with --replace`,
    cause,
  );
}

function printDocument(document: object): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

function headerBytes(header: EncryptedHeader): Uint8Array {
  return Buffer.from(JSON.stringify(header));
}

function sha256Of(content: object): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

function bytesOf(sizeBytes: number) {
  return z.string().refine((text) => {
    const bytes = fromBase64(text);
    return bytes.length === sizeBytes && toBase64(bytes) === text;
  });
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}
