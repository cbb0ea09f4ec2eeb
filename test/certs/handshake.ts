// Two nodes meet over TLS 1.3 on the loopback, each with its certificate.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type SecureContextOptions, type TLSSocket } from 'node:tls';
import { verifyNodeCertificate } from '../../certs/certificate.js';
import { type Authorities, aNodeCertificate, authorities, NOW } from './authorities.js';

/** What a node hands to TLS. */
export async function tlsOf(member: string, key: string, by: Authorities): Promise<SecureContextOptions> {
  return {
    key,
    cert: (await aNodeCertificate({ member, key, by })) + by.issuing.certificatePem,
    ca: (await authorities()).root.certificatePem,
    minVersion: 'TLSv1.3',
  };
}

async function memberOf(socket: TLSSocket): Promise<string> {
  const { root, issuing } = await authorities();
  const leaf = socket.getPeerCertificate().raw;
  return verifyNodeCertificate({ leaf, issuing: issuing.certificatePem, root: root.certificatePem, now: NOW })
    .member;
}

/** Whom each end met; rejects where either end refuses the other. */
export async function handshake(listening: SecureContextOptions, dialling: SecureContextOptions) {
  const server = createServer({ ...listening, requestCert: true, rejectUnauthorized: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const refused = once(server, 'tlsClientError').then(([error]) => Promise.reject(error));
  const accepted = once(server, 'secureConnection') as Promise<[TLSSocket]>;
  const client = connect({ ...dialling, host: '127.0.0.1', port });
  try {
    const connected = once(client, 'secureConnect');
    const [[socket]] = await Promise.all([Promise.race([accepted, refused]), connected]);
    const met = { server: await memberOf(client), client: await memberOf(socket), by: client.getProtocol() };
    socket.destroy();
    return met;
  } finally {
    client.on('error', () => client.destroy());
    client.destroy();
    server.close();
  }
}
