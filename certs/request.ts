// Certificate requests (PKCS#10, RFC 2986 section 4). The hub takes from one only the key and the proof that
// the sender has it; subject and attributes may say what they like, nobody reads them.
//
//   30 [ 30 [ 02 01 00 · subject · key · a0 attributes ] · algorithm · signature ]

import { Failure } from '../node/failure.js';
import {
  BadDer,
  bits,
  bitsOf,
  type Der,
  decodeDer,
  encodeDer,
  explicit,
  integer,
  integerHexOf,
  partsOf,
  sequence,
} from './der.js';
import { encodePem } from './pem.js';
import {
  BadKey,
  checkPublicKey,
  generateRsaKey,
  isSignedBy,
  publicKeyOf,
  sha256WithRsa,
  signSha256,
} from './rsa.js';
import { encodeName } from './x509.js';

const NODE_KEY_BITS = 2048;

/** A request of ours has 0.6 KiB, one with 4096 bits and a full subject 1.5 KiB. */
const REQUEST_BYTES_MAX = 4096;

/** A certificate request that is not taken: `code` is 'bad-request'. */
export class BadRequest extends Failure {
  constructor(message: string, cause?: unknown) {
    super('bad-request', message, cause);
  }
}

/** A new TLS key of a node as PKCS#8 PEM. */
export function generateNodeKey(): Promise<string> {
  return generateRsaKey(NODE_KEY_BITS);
}

/** A request in DER for the key's certificate. */
export function createRequest(privateKeyPem: string): Uint8Array {
  const publicKey = decodeDer(publicKeyOf(privateKeyPem), REQUEST_BYTES_MAX);
  const subject = encodeName({ federation: undefined, commonName: 'node' });
  const info = sequence(integer('00'), subject, publicKey, explicit(0));
  const signature = signSha256(privateKeyPem, encodeDer(info));
  return encodeDer(sequence(info, sha256WithRsa(), bits(signature)));
}

function readParts(der: Uint8Array): { info: Der; publicKey: Uint8Array; signature: Uint8Array } {
  const request = partsOf(decodeDer(der, REQUEST_BYTES_MAX));
  const [info, algorithm, signature] = request;
  const fields = partsOf(info);
  const [version, , publicKey] = fields;
  if (request.length !== 3 || fields.length !== 4 || info === undefined || publicKey === undefined) {
    throw new BadDer('it has not the parts of a request');
  }
  if (integerHexOf(version) !== '00') throw new BadDer('its version is not 1');
  const expected = encodeDer(sha256WithRsa());
  if (algorithm === undefined || Buffer.compare(encodeDer(algorithm), expected) !== 0) {
    throw new BadDer('it is not signed by RSA with SHA-256');
  }
  return { info, publicKey: encodeDer(publicKey), signature: bitsOf(signature) };
}

/** The public key (PEM) whose owner signed the request. Throws BadRequest. */
export function readRequest(der: Uint8Array): string {
  try {
    const { info, publicKey, signature } = readParts(der);
    checkPublicKey(publicKey);
    if (!isSignedBy(publicKey, encodeDer(info), signature)) {
      throw new BadRequest('the certificate request is not signed with the key that it asks for');
    }
    return encodePem('PUBLIC KEY', publicKey);
  } catch (cause) {
    if (cause instanceof BadDer || cause instanceof BadKey) {
      throw new BadRequest(`the certificate request is refused: ${cause.message}`, cause);
    }
    throw cause;
  }
}
