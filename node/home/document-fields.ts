// The fields that the documents of a home share: member codes, federations, addresses, times, and bytes in
// base64, each read in its one spelling.

import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { z } from 'zod';
import { type MemberKeys, MemberKeysSchema } from '../../proto/gen/icse/v1/registry_pb.js';
import { Failure } from '../failure.js';
import { parseFederationId, parseMemberCode } from '../names.js';
import { decodeBase64, encodeBase64 } from '../tlog/base64.js';
import { addressText, parseAddress } from './address.js';

const KEY_BYTES = 32;
const ROOT_SIGNATURE_BYTES = 384;

/** A field read by one of our strict parsers; its sentence becomes the field's. */
export function parsedField<T>(parse: (text: string) => T) {
  return z.string().transform((text, context): T => {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
      return z.NEVER;
    }
  });
}

export const memberField = parsedField(parseMemberCode);
export const federationField = parsedField(parseFederationId);

/** host:port with a real port, in its one spelling. */
export const addressField = parsedField((text) => addressText(parseAddress(text)));

/** A time as toISOString prints it, in milliseconds since 1970. */
export const timeField = z.string().transform((text, context): number => {
  const ms = Date.parse(text);
  if (!Number.isNaN(ms) && new Date(ms).toISOString() === text) return ms;
  context.addIssue({ code: 'custom', message: 'is not a time such as 2026-01-31T12:00:00.000Z' });
  return z.NEVER;
});

/** So many bytes in base64. */
export function bytesField(sizeBytes: number) {
  return z.string().transform((text, context): Uint8Array => {
    const bytes = decodeBase64(text);
    if (bytes?.length === sizeBytes) return bytes;
    context.addIssue({ code: 'custom', message: `is not ${sizeBytes} bytes in base64` });
    return z.NEVER;
  });
}

export const keyField = bytesField(KEY_BYTES);

/** A signature by the root's RSA key of 3072 bits (certs/root-key.ts). */
export const rootSignatureField = bytesField(ROOT_SIGNATURE_BYTES);

/** The public keys of a member. */
export const keysField = z
  .strictObject({ log: keyField, receipt: keyField, session: keyField, sealing: keyField })
  .transform((keys): MemberKeys => create(MemberKeysSchema, keys));

/** Keys as `keysField` reads them. */
export function keysDocument(keys: MessageInitShape<typeof MemberKeysSchema>) {
  const text = (key: Uint8Array = new Uint8Array()) => encodeBase64(key);
  return {
    log: text(keys.log),
    receipt: text(keys.receipt),
    session: text(keys.session),
    sealing: text(keys.sealing),
  };
}
