// The invitation as it travels: one JSON document for one member, with everything that `icse join` needs to
// find the hub and to be sure of it. It holds the one-time token, so it is handed over like a key.
//
//   { "version": 1, "federation": "5f0c...", "rootCertificate": "-----BEGIN CERTIFICATE-----\n...",
//     "rootKey": "<base64>", "rootKeySignature": "<base64>", "hub": { "exchange": "icse.example:7001", "enrolment": "icse.example:7002",
//     "keys": { "log": ... } }, "member": "NL", "token": "<43 characters>", "expires": "2026-01-31T12:00:00.000Z" }

import { open } from 'node:fs/promises';
import { z } from 'zod';
import { federationIdOf } from '../../certs/authority.js';
import { isRootKeyCertified } from '../../certs/root-key.js';
import { Failure } from '../failure.js';
import { firstIssue } from '../home/document.js';
import {
  addressField,
  federationField,
  keyField,
  keysDocument,
  keysField,
  memberField,
  rootSignatureField,
  timeField,
} from '../home/document-fields.js';
import type { Federation } from '../home/federation.js';
import { createPrivateFile } from '../keys/private-file.js';
import { encodeBase64 } from '../tlog/base64.js';

export const TOKEN_BYTES = 32;
/** An invitation has 3 KB; a root certificate never more than 8. */
const MAX_BYTES = 32 * 1024;

/** A file that is no invitation, or one that cannot be used: `code` is 'bad-invitation'. */
export class BadInvitation extends Failure {
  constructor(message: string, cause?: unknown) {
    super('bad-invitation', message, cause);
  }
}

/** What the hub invites a member with. */
export interface InvitationFile extends Federation {
  readonly rootPem: string;
  readonly token: Uint8Array;
  /** UTC milliseconds since 1970. */
  readonly expires: number;
}

const tokenField = z.string().transform((text, context): Uint8Array => {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length === TOKEN_BYTES && bytes.toString('base64url') === text) return new Uint8Array(bytes);
  context.addIssue({ code: 'custom', message: `is not ${TOKEN_BYTES} bytes in base64url` });
  return z.NEVER;
});

const InvitationDocument = z.strictObject({
  version: z.literal(1),
  federation: federationField,
  rootCertificate: z.string(),
  rootKey: keyField,
  rootKeySignature: rootSignatureField,
  hub: z.strictObject({ exchange: addressField, enrolment: addressField, keys: keysField }),
  member: memberField,
  token: tokenField,
  expires: timeField,
});

/** The document as text. */
export function invitationText(invitation: InvitationFile): string {
  const { federation, rootPem, rootKey, rootKeySignature, hub, member, token, expires } = invitation;
  const document = {
    version: 1,
    federation,
    rootCertificate: rootPem,
    rootKey: encodeBase64(rootKey),
    rootKeySignature: encodeBase64(rootKeySignature),
    hub: { exchange: hub.exchange, enrolment: hub.enrolment, keys: keysDocument(hub.keys) },
    member,
    token: Buffer.from(token).toString('base64url'),
    expires: new Date(expires).toISOString(),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** Writes a new file that its owner alone can read. Throws BadPrivateFile when there is one already. */
export function writeInvitationFile(
  path: string,
  invitation: InvitationFile,
  random: (sizeBytes: number) => Uint8Array,
): Promise<void> {
  return createPrivateFile(path, invitationText(invitation), Buffer.from(random(8)).toString('hex'));
}

/** Reads an invitation. Throws BadInvitation. */
export async function readInvitationFile(path: string, nowMs: number): Promise<InvitationFile> {
  const bytes = Buffer.alloc(MAX_BYTES + 1);
  try {
    const file = await open(path, 'r');
    try {
      const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
      return parseInvitation(path, bytes.subarray(0, bytesRead), nowMs);
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof BadInvitation) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new BadInvitation(
      code === 'ENOENT' ? `there is no file ${path}` : `${path} cannot be read: ${message}`,
      cause,
    );
  }
}

/** Reads the bytes of an invitation; `source` is named in what is refused. Throws BadInvitation. */
export function parseInvitation(source: string, bytes: Uint8Array, nowMs: number): InvitationFile {
  const refuse = (why: string, cause?: unknown): never => {
    throw new BadInvitation(`${source} is not an invitation that can be used: ${why}`, cause);
  };
  const parsed = InvitationDocument.safeParse(parseJson(bytes, refuse));
  if (!parsed.success) return refuse(firstIssue(parsed.error), parsed.error);
  const { version: _, rootCertificate, ...invitation } = parsed.data;
  let made: string;
  try {
    made = federationIdOf(rootCertificate);
  } catch (cause) {
    if (!(cause instanceof Failure)) throw cause;
    return refuse(`rootCertificate: ${cause.message}`, cause);
  }
  const { federation, rootKey, rootKeySignature } = invitation;
  if (made !== federation) refuse('its root certificate is not the one that makes its federation id');
  if (!isRootKeyCertified(rootCertificate, federation, rootKey, rootKeySignature)) {
    refuse('its root certificate does not vouch for its root key');
  }
  if (invitation.expires <= nowMs) {
    const expired = new Date(invitation.expires).toISOString();
    refuse(`it expired at ${expired}, and it is ${new Date(nowMs).toISOString()}; ask Lyon for a new one`);
  }
  return { ...invitation, rootPem: rootCertificate };
}

function parseJson(bytes: Uint8Array, refuse: (why: string, cause?: unknown) => never): unknown {
  if (bytes.length > MAX_BYTES) refuse(`it is over ${MAX_BYTES} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    return refuse('it is not JSON', cause);
  }
  const version = (value as { version?: unknown } | null)?.version;
  if (version !== undefined && version !== 1)
    refuse('it is of another version than 1, which this release reads');
  return value;
}
