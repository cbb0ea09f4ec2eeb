// The worked examples of entries, of what the root signs, and of logs: tree, checkpoint, receipt, fault.

import { create, type DescMessage, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { encodeMessage } from '../../node/exchange/frames.js';
import { purgedMessage, signPurged } from '../../node/exchange/purged-up-to.js';
import { receiptKeyName } from '../../node/exchange/receipts.js';
import { type KeyPair, verify } from '../../node/keys/ed25519.js';
import { verifyFork } from '../../node/log/fork.js';
import { type LogName, LYON, logName, type MemberCode } from '../../node/names.js';
import { isRootSigned, signAsRoot } from '../../node/registry/root-signature.js';
import { applyRegistryEntry, emptyRegistry, type RegistryState } from '../../node/registry/state.js';
import { decodeEntry, encodeEntry } from '../../node/statements/entry.js';
import { brokenRules } from '../../node/statements/rules.js';
import { formatTreeHead, openCheckpoint, signCheckpoint, type TreeHead } from '../../node/tlog/checkpoint.js';
import { appendLeaves, EMPTY_RANGE, rootOf } from '../../node/tlog/compact-range.js';
import { cosign, cosignatureVerifier, readCosignature } from '../../node/tlog/cosignature.js';
import { EMPTY_ROOT, leafHash, nodeHash } from '../../node/tlog/hash.js';
import {
  ed25519Signer,
  ed25519Verifier,
  parseNote,
  TYPE_COSIGNATURE,
  TYPE_ED25519,
} from '../../node/tlog/note.js';
import { consistencyProof, verifyConsistency } from '../../node/tlog/proof.js';
import { type Entry, EntrySchema } from '../../proto/gen/icse/v1/entry_pb.js';
import { FaultSchema } from '../../proto/gen/icse/v1/exchange_pb.js';
import {
  type Admit,
  AdmitSchema,
  type Epoch,
  EpochSchema,
  type Rotate,
  RotateSchema,
} from '../../proto/gen/icse/v1/registry_pb.js';
import type { Page } from './example-blocks.js';
import { federationOf, holds, rootKey, sha256, signingKey } from './example-keys.js';
import type { Examples } from './examples.js';

export const MEDIA = ['media-1', 'media-2', 'media-3'] as const;
export const SAID = ['event', 'link', 'assessment', 'retraction'] as const;
const ACTS = ['admit-nl', 'amend', 'suspend', 'reinstate', 'rotate-nl', 'schema-change'] as const;
const ROOT_SIGNED = ['admit-lyon', 'rotate-lyon', 'epoch'] as const;

export const logExamples: Examples = {
  ...examplesOf(MEDIA, (page, name) => entryIs(page, name, entryOf(page, name), 'member')),
  ...examplesOf(SAID, (page, name) => entryIs(page, name, entryOf(page, name), 'member')),
  ...examplesOf(ACTS, (page, name) => entryIs(page, name, entryOf(page, name), 'registry')),
  ...examplesOf(ROOT_SIGNED, rootSignedIs),

  registry(page) {
    const acts = ['admit-lyon', ...ACTS, 'rotate-lyon'];
    const federation = federationOf(page);
    const state = folded(page, emptyRegistry(federation), acts);
    holds(
      state.members.get('NL' as MemberCode)?.log === logName(federation, 'NL' as MemberCode, 2),
      'NL writes NL.2',
    );
    page.is('registry.root-2', registryHead(page, 2).root);
    page.is('registry.root-8', rootAfter(page, acts));
    const signer = ed25519Signer(logName(federation, undefined), signingKey(page, 'LYON.2', 'log'));
    const note = signCheckpoint({ log: signer.name, size: 8, root: page.hex('registry.root-8') }, signer);
    page.says('registry.note', Buffer.from(note).toString());
    openCheckpoint(
      Buffer.from(page.text('registry.note')),
      ed25519Verifier(signer.name, signingKey(page, 'LYON.2', 'log').publicKey),
    );
    folded(page, emptyRegistry(federation, 2), ['epoch']);
  },

  async tree(page) {
    const leaves = MEDIA.map((name) => leafHash(page.hex(`entry.${name}.bytes`))) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    page.is('tree.root-0', EMPTY_ROOT);
    page.is('tree.root-1', rootAfter(page, MEDIA.slice(0, 1)));
    page.is('tree.root-2', rootAfter(page, MEDIA.slice(0, 2)));
    page.is('tree.root-2', nodeHash(leaves[0], leaves[1]));
    page.is('tree.root-3', rootAfter(page, MEDIA));
    page.is('tree.root-3', nodeHash(page.hex('tree.root-2'), leaves[2]));
    for (const size of [1, 2]) {
      const proof = await consistencyProof(size, 3, async (level, index) =>
        level === 0 ? (leaves[index] as Uint8Array) : page.hex('tree.root-2'),
      );
      const name = `tree.consistency-${size}-3`;
      page.is(name, Buffer.concat(proof));
      const path = hashesIn(page.hex(name));
      const [from, to] = [page.hex(`tree.root-${size}`), page.hex('tree.root-3')];
      holds(verifyConsistency(size, 3, from, to, path), `${name} is a proof`);
    }
  },

  checkpoint(page) {
    const head = logHead(page);
    const key = signingKey(page, 'NL', 'log');
    const signer = ed25519Signer(head.log, key);
    page.is('checkpoint.signed', Buffer.from(formatTreeHead(head)));
    page.is('checkpoint.key', keyIdInput(head.log, TYPE_ED25519, key));
    page.is('checkpoint.key-id', signer.keyId);
    page.is('checkpoint.key-id', sha256(page.hex('checkpoint.key')).subarray(0, 4));
    signedIs(page, 'checkpoint', signer.sign(page.hex('checkpoint.signed')), key);
    page.is('checkpoint.bytes', signCheckpoint(head, signer));
    page.says('checkpoint.note', Buffer.from(page.hex('checkpoint.bytes')).toString());
    const opened = openCheckpoint(page.hex('checkpoint.bytes'), ed25519Verifier(head.log, key.publicKey));
    page.is('checkpoint.signed', Buffer.from(formatTreeHead(opened)));
  },

  receipt(page) {
    const { seconds } = page.json('receipt.time') as { seconds: number };
    const keyPair = signingKey(page, 'LYON', 'receipt');
    const cosigner = { name: receiptKeyName(federationOf(page), LYON), keyPair };
    const checkpoint = page.hex('checkpoint.bytes');
    const verifier = cosignatureVerifier(cosigner.name, keyPair.publicKey);
    const { text } = parseNote(checkpoint);
    page.is('receipt.signed', Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`));
    page.is('receipt.key', keyIdInput(cosigner.name, TYPE_COSIGNATURE, keyPair));
    page.is('receipt.key-id', verifier.keyId);
    page.is('receipt.key-id', sha256(page.hex('receipt.key')).subarray(0, 4));
    const note = cosign(checkpoint, cosigner, seconds);
    const line = parseNote(note).signatures[1]?.signature as Uint8Array;
    signedIs(page, 'receipt', line.subarray(8), keyPair);
    page.is('receipt.line', Buffer.concat([verifier.keyId, line]));
    page.says('receipt.note', Buffer.from(note).toString());
    holds(
      readCosignature(Buffer.from(page.text('receipt.note')), verifier).time === seconds,
      'the cosignature has this time',
    );
    openCheckpoint(note, ed25519Verifier(logHead(page).log, signingKey(page, 'NL', 'log').publicKey));
    page.is('receipt.bytes', note);
  },

  purged(page) {
    const { log, size, by, time } = page.json('purged.fields') as Record<'log' | 'by', string> &
      Record<'size' | 'time', number>;
    const keyPair = signingKey(page, 'LYON', 'receipt');
    const federation = federationOf(page);
    const kept = signPurged(federation, log as LogName, size, by as MemberCode, keyPair, time * 1000);
    page.is('purged.signed', Buffer.from(`icse/purged/v1\n${federation}\n${by}\n${log}\n${size}\n${time}\n`));
    signedIs(page, 'purged', kept.signature, keyPair);
    page.is('purged.bytes', encodeMessage({ case: 'purgedUpTo', value: purgedMessage(kept) }));
  },

  fault(page) {
    const log = logHead(page).log as LogName;
    const key = signingKey(page, 'NL', 'log');
    const forked = { log, size: 2, root: page.hex('fault.other-root') };
    const first = new Uint8Array(signCheckpoint(forked, ed25519Signer(log, key)));
    page.is('fault.first', first);
    const fault = create(FaultSchema, {
      log,
      first,
      second: page.hex('checkpoint.bytes'),
      firstRoot: page.hex('tree.root-2'),
      proof: hashesIn(page.hex('tree.consistency-2-3')),
    });
    verifyFork(log, () => [key.publicKey], fault);
  },
};

/** NL's log of three entries. */
export function logHead(page: Page): TreeHead {
  return { log: logName(federationOf(page), 'NL' as MemberCode), size: 3, root: rootAfter(page, MEDIA) };
}

/** The registry of the examples at a size. */
export function registryHead(page: Page, size: number): TreeHead {
  const acts = ['admit-lyon', ...ACTS].slice(0, size);
  return { log: logName(federationOf(page), undefined), size, root: rootAfter(page, acts) };
}

/** Hashes that stand one after another. */
export function hashesIn(bytes: Uint8Array): Uint8Array<ArrayBuffer>[] {
  return Array.from(
    { length: bytes.length / 32 },
    (_, at) => new Uint8Array(bytes.slice(at * 32, at * 32 + 32)),
  );
}

/** A text that was signed, its digest for comparing, and the signature, which is also verified as it is written. */
export function signedIs(page: Page, name: string, signature: Uint8Array, key: KeyPair): void {
  page.is(`${name}.sha256`, sha256(page.hex(`${name}.signed`)));
  page.is(`${name}.signature`, signature);
  holds(
    verify(key.publicKey, page.hex(`${name}.signed`), page.hex(`${name}.signature`)),
    `${name}.signature verifies`,
  );
}

function examplesOf(names: readonly string[], check: (page: Page, name: string) => void): Examples {
  return Object.fromEntries(names.map((name) => [`entry.${name}`, (page: Page) => check(page, name)]));
}

function entryOf(page: Page, name: string): Entry {
  return page.message(EntrySchema, `entry.${name}.fields`);
}

function entryIs(page: Page, name: string, entry: Entry, where: 'member' | 'registry'): void {
  page.is(`entry.${name}.bytes`, encodeEntry(entry));
  const decoded = decodeEntry(page.hex(`entry.${name}.bytes`));
  const broken = brokenRules(decoded, where);
  holds(broken.length === 0, `${name} obeys the rules (${broken.join(', ')})`);
  page.is(`entry.${name}.bytes`, encodeEntry(decoded));
  page.is(`entry.${name}.leaf`, leafHash(page.hex(`entry.${name}.bytes`)));
}

/** The fields are written without the root's signature, which goes in when it is made. */
function rootSignedIs(page: Page, name: string): void {
  const entry = entryOf(page, name);
  const statement = entry.statement.value as Admit | Rotate | Epoch;
  const root = rootKey(page);
  const federation = federationOf(page);
  const label = Buffer.from(`icse/${entry.statement.case}/v1\n${federation}\n`);
  page.is(`entry.${name}.signed`, Buffer.concat([label, serialised(statement)]));
  signedIs(page, `entry.${name}`, signAsRoot(federation, statement, root.secretKey), root);
  statement.rootSignature = new Uint8Array(page.hex(`entry.${name}.signature`));
  holds(isRootSigned(federation, statement, root.publicKey), `${name} is signed by the root`);
  entryIs(page, name, entry, 'registry');
}

function serialised(statement: Admit | Rotate | Epoch): Uint8Array {
  const schemas: Record<string, DescMessage> = {
    'icse.v1.Admit': AdmitSchema,
    'icse.v1.Rotate': RotateSchema,
    'icse.v1.Epoch': EpochSchema,
  };
  return toBinary(schemas[statement.$typeName] as DescMessage, statement as MessageShape<DescMessage>);
}

function folded(page: Page, begin: RegistryState, names: readonly string[]): RegistryState {
  const { publicKey } = rootKey(page);
  return names.reduce(
    (state, name) => applyRegistryEntry(state, decodeEntry(page.hex(`entry.${name}.bytes`)), publicKey),
    begin,
  );
}

function rootAfter(page: Page, names: readonly string[]): Uint8Array {
  return rootOf(
    appendLeaves(
      EMPTY_RANGE,
      names.map((name) => leafHash(page.hex(`entry.${name}.bytes`))),
    ),
  );
}

function keyIdInput(name: string, type: number, { publicKey }: KeyPair): Uint8Array {
  return Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(type), publicKey]);
}
