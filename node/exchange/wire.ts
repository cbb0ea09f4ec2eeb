// A stream of envelopes between two nodes, whatever carries it: gRPC over mutual TLS, or memory in a
// simulation. It honours back-pressure in both directions.

import type { Envelope } from '../../proto/gen/icse/v1/exchange_pb.js';
import type { MemberCode } from '../names.js';

export interface Wire {
  /** The member and the end of validity that the peer's TLS certificate states, and SHA-256 of its DER. */
  readonly peer: { readonly member: MemberCode; readonly notAfter: Date; readonly certificate: Uint8Array };
  /** SHA-256 of the DER of the certificate that this side showed. */
  readonly ownCertificate: Uint8Array;
  /** host:port of the other end, for people. */
  readonly remote: string;
  /** Resolves when the envelope is under way and more may follow. Rejects once the stream is broken. */
  send(envelope: Envelope): Promise<void>;
  /** What the peer says, until it ends the stream; throws when the stream breaks. May be read once. */
  receive(): AsyncIterable<Envelope>;
  /** Ends this side after what was sent. */
  end(): void;
  /** Breaks the stream off at once. */
  destroy(): void;
}
