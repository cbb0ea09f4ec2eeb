// TLS for the exchange and for enrolment: 1.3 alone, the federation's root alone. On the exchange both sides
// show a certificate, and the member in it (its URI) is the identity; host names identify nobody.

import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { ChannelCredentials, ServerCredentials } from '@grpc/grpc-js';
import { readNodeCertificate } from '../../certs/certificate.js';
import type { MemberCode } from '../names.js';

/** A node's certificate, the issuing CA's, the node's key, and the root; one PEM block each. */
export interface TlsIdentity {
  readonly leafPem: string;
  readonly issuingPem: string;
  readonly keyPem: string;
  readonly rootPem: string;
}

/** Who connects and does not finish the TLS handshake is sent away: it takes two round trips. */
export const TLS_HANDSHAKE_MS = 10_000;

/** Credentials of a listener, which takes a renewed certificate without a restart. */
export class ListenerCredentials extends ServerCredentials {
  constructor(identity: TlsIdentity, clients: 'with-certificate' | 'anyone') {
    super(
      {
        handshakeTimeout: TLS_HANDSHAKE_MS,
        ...(clients === 'with-certificate' ? { requestCert: true, rejectUnauthorized: true } : {}),
      },
      contextOptions(identity),
    );
  }

  /** New connections use the new certificate; open ones go on. */
  renew(identity: TlsIdentity): void {
    this.updateSecureContextOptions(contextOptions(identity));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

/**
 * Credentials to dial one member and nobody else. `onCertificate` gets the DER of the certificate that the
 * peer showed, once it has been found to name that member under the root.
 */
export function diallingCredentials(
  identity: TlsIdentity,
  member: MemberCode,
  onCertificate: (der: Uint8Array) => void,
): ChannelCredentials {
  return ChannelCredentials.createFromSecureContext(createSecureContext(contextOptions(identity)), {
    checkServerIdentity: (_host, certificate) => {
      try {
        const leaf = readNodeCertificate(certificate.raw);
        if (leaf.member !== member) return new Error(`dialled ${member}, but ${leaf.member} answered`);
        onCertificate(certificate.raw);
        return undefined;
      } catch (error) {
        return error instanceof Error ? error : new Error(String(error));
      }
    },
  });
}

/** Credentials to dial the hub's enrolment listener without a certificate of one's own. */
export function enrolmentCredentials(rootPem: string, hub: MemberCode): ChannelCredentials {
  const context = createSecureContext({ ca: rootPem, minVersion: 'TLSv1.3' });
  return ChannelCredentials.createFromSecureContext(context, {
    checkServerIdentity: (_host, certificate) => {
      try {
        const { member } = readNodeCertificate(certificate.raw);
        return member === hub ? undefined : new Error(`dialled ${hub}, but ${member} answered`);
      } catch (error) {
        return error instanceof Error ? error : new Error(String(error));
      }
    },
  });
}

function contextOptions(identity: TlsIdentity): SecureContextOptions {
  return {
    ca: identity.rootPem,
    cert: identity.leafPem + identity.issuingPem,
    key: identity.keyPem,
    minVersion: 'TLSv1.3',
  };
}
