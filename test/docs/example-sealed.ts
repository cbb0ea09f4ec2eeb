// The worked example of a sealed statement, step by step, and what its owners read.

import { toBinary } from '@bufbuild/protobuf';
import sodium from 'libsodium-wrappers';
import { seal } from '../../node/keys/sealing.js';
import type { SealingKeyPair } from '../../node/keys/seed.js';
import { logName, type MemberCode } from '../../node/names.js';
import { decodeEntry, encodeEntry } from '../../node/statements/entry.js';
import { brokenRules } from '../../node/statements/rules.js';
import { PADDING_BYTES } from '../../node/statements/sealed.js';
import { type SealedEntry, sealingContext } from '../../node/statements/sealed-content.js';
import { leafHash } from '../../node/tlog/hash.js';
import { openerOf } from '../../node/views/opener.js';
import { EntrySchema, SealedContentSchema } from '../../proto/gen/icse/v1/entry_pb.js';
import { bytesOf, type Page } from './example-blocks.js';
import { federationOf, holds, isSealingPair, sealingKey, type WrittenKey } from './example-keys.js';
import type { Examples } from './examples.js';

const NL = 'NL' as MemberCode;

interface WrittenKeys {
  readonly content_key: string;
  readonly ephemeral: WrittenKey;
  readonly AU: WrittenKey;
  readonly FR: WrittenKey;
}

export const sealedExamples: Examples = {
  sealed(page) {
    const federation = federationOf(page);
    const { content_key, ephemeral, AU, FR } = page.json('sealed.keys') as WrittenKeys;
    for (const key of [ephemeral, AU, FR]) isSealingPair(key);
    const owners = new Map<string, SealingKeyPair>([
      ['AU', pairOf(AU)],
      ['FR', pairOf(FR)],
      ['NL', sealingKey(page, 'NL')],
    ]);
    const content = page.message(SealedContentSchema, 'sealed.content.fields');
    page.is('sealed.content.bytes', toBinary(SealedContentSchema, content));
    page.is('sealed.padded', sodium.pad(page.hex('sealed.content.bytes'), PADDING_BYTES));
    const drawn = [bytesOf(content_key), bytesOf(ephemeral.secret)];
    const sealed = seal(
      page.hex('sealed.content.bytes'),
      [...owners.values()].map(({ publicKey }) => publicKey),
      (keys) => {
        page.is('sealed.wrapped', Buffer.concat(keys.wrappedKeys));
        const context = sealingContext(federation, NL, entryWith(page, { ...keys, ciphertext: NOTHING }));
        page.is('sealed.additional-data', context);
        return context;
      },
      () => drawn.shift() as Uint8Array,
    );
    page.is('sealed.ciphertext', sealed.ciphertext);
    page.is('sealed.bytes', encodeEntry(entryWith(page, sealed)));
    page.is('sealed.leaf', leafHash(page.hex('sealed.bytes')));
    const entry = decodeEntry(page.hex('sealed.bytes')) as SealedEntry;
    const broken = brokenRules(entry, 'member', { member: NL, generation: 1 });
    holds(broken.length === 0, `it obeys the rules (${broken.join(', ')})`);
    for (const [member, key] of owners) {
      const said = openerOf(federation, member as MemberCode, key)(entry, logName(federation, NL), 0);
      holds(said?.case === content.statement.case, `${member} reads it`);
    }
  },
};

const NOTHING = new Uint8Array();

function entryWith(page: Page, sealed: ReturnType<typeof seal>): SealedEntry {
  const entry = page.message(EntrySchema, 'sealed.fields');
  const { ephemeralKey, wrappedKeys, ciphertext } = sealed;
  const value = {
    $typeName: 'icse.v1.Sealed' as const,
    ephemeralKey,
    wrappedKeys: [...wrappedKeys],
    ciphertext,
  };
  return { ...entry, statement: { case: 'sealed', value } };
}

function pairOf(key: WrittenKey): SealingKeyPair {
  return { publicKey: bytesOf(key.public), secretKey: bytesOf(key.secret) };
}
