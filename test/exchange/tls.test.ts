import { createHash } from 'node:crypto';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectPlain, createServer } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { create } from '@bufbuild/protobuf';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { dialExchange, type Listener, listenExchange } from '../../node/exchange/grpc-wire.js';
import type { TlsIdentity } from '../../node/exchange/tls.js';
import type { Wire } from '../../node/exchange/wire.js';
import { LYON, type MemberCode } from '../../node/names.js';
import { type Envelope, EnvelopeSchema, OpenSchema } from '../../proto/gen/icse/v1/exchange_pb.js';
import { aForeignPki, identityOf } from './certificates.js';

const NL = 'NL' as MemberCode;
const BE = 'BE' as MemberCode;
const YESTERDAY = new Date(Date.now() - 86_400_000);

function anEnvelope(sizeBytes = 32): Envelope {
  return create(EnvelopeSchema, {
    content: { case: 'open', value: create(OpenSchema, { versions: [1], nonce: new Uint8Array(sizeBytes) }) },
  });
}

describe('the exchange port', () => {
  let lyon: TlsIdentity;
  let nl: TlsIdentity;
  let listener: Listener;
  const accepted: Wire[] = [];
  let onWire = (_wire: Wire): void => {};
  let connections = 0;

  beforeAll(async () => {
    [lyon, nl] = await Promise.all([identityOf(LYON), identityOf(NL)]);
    listener = await listenExchange('127.0.0.1', 0, lyon, (wire) => {
      accepted.push(wire);
      onWire(wire);
    });
  });
  afterAll(() => listener.close());

  // Whatever was tried, the listener still takes who may come.
  afterEach(async () => {
    const before = accepted.length;
    const wire = await dial(nl);
    expect(accepted.slice(before).map(({ peer }) => peer.member)).toEqual([NL]);
    wire.destroy();
    onWire = () => {};
  });

  function dial(identity: TlsIdentity, member: MemberCode = LYON, port = listener.port): Promise<Wire> {
    return dialExchange(`127.0.0.1:${port}`, member, identity, 3000);
  }

  /** Resolves when the connection is over, with what it said. */
  function tls(options: ConnectionOptions, say = Buffer.alloc(0)): Promise<string> {
    return new Promise((resolve) => {
      let reason = 'ended';
      const socket = connect({
        host: '127.0.0.1',
        port: listener.port,
        ca: lyon.rootPem,
        ALPNProtocols: ['h2'],
        checkServerIdentity: () => undefined,
        ...options,
      });
      socket.on('secureConnect', () => socket.write(say));
      socket.on('error', (error: NodeJS.ErrnoException) => {
        reason = error.code ?? error.message;
      });
      socket.on('close', () => resolve(reason));
      socket.resume();
    });
  }

  it('says who is at each end', async () => {
    const wire = await dial(nl);
    const other = accepted.at(-1) as Wire;
    expect([wire.peer.member, other.peer.member]).toEqual([LYON, NL]);
    expect(wire.peer.certificate).toEqual(other.ownCertificate);
    expect(other.peer.certificate).toEqual(wire.ownCertificate);
    wire.destroy();
  });

  it('takes nobody without a certificate', async () => {
    expect(await tls({})).toBe('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED');
  });

  it('takes nobody whose certificate is from elsewhere', async () => {
    const foreign = await identityOf(NL, { pki: await aForeignPki() });
    await expect(dial({ ...foreign, rootPem: lyon.rootPem })).rejects.toMatchObject({ code: 'unreachable' });
  });

  it('takes nobody whose certificate has ended', async () => {
    await expect(dial(await identityOf(NL, { notAfter: YESTERDAY }))).rejects.toMatchObject({
      code: 'unreachable',
    });
  });

  it('speaks TLS 1.3 alone', async () => {
    expect(await tls({ maxVersion: 'TLSv1.2', cert: nl.leafPem + nl.issuingPem, key: nl.keyPem })).toBe(
      'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    );
  });

  it('outlives garbage, within TLS and without', async () => {
    const garbage = Buffer.from('GET / HTTP/1.1\r\n\r\n'.repeat(50));
    await tls({ cert: nl.leafPem + nl.issuingPem, key: nl.keyPem }, garbage);
    await new Promise<void>((resolve) => {
      const socket = connectPlain(listener.port, '127.0.0.1', () => socket.write(garbage));
      socket.on('error', () => {});
      socket.on('close', () => resolve());
      socket.resume();
    });
  });

  it('does not stand for another member than was dialled', async () => {
    await expect(dial(nl, BE)).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('dialled BE, but LYON answered'),
    });
  });

  it('is not believed when its certificate has ended or is from elsewhere', async () => {
    const foreign = await aForeignPki();
    const bad = [await identityOf(LYON, { notAfter: YESTERDAY }), await identityOf(LYON, { pki: foreign })];
    for (const identity of bad) {
      const other = await listenExchange('127.0.0.1', 0, identity, () => {});
      await expect(dial(nl, LYON, other.port)).rejects.toMatchObject({ code: 'unreachable' });
      await other.close();
    }
  });

  it('goes by the certificate that a connection was shown, also when it is renewed before the stream is opened', async () => {
    const tlsOptions = { ca: lyon.rootPem, key: nl.keyPem, cert: nl.leafPem + nl.issuingPem };
    const client = connectHttp2(`https://127.0.0.1:${listener.port}`, {
      ...tlsOptions,
      checkServerIdentity: () => undefined,
    });
    const socket = await new Promise<TLSSocket>((resolve) => {
      client.once('connect', (_session, connected) => resolve(connected as TLSSocket));
    });
    const shown = createHash('sha256').update(socket.getPeerCertificate().raw).digest();
    const wire = new Promise<Wire>((resolve) => {
      onWire = resolve;
    });
    listener.renew(await identityOf(LYON));
    client.request({
      ':method': 'POST',
      ':path': '/icse.v1.Exchange/Sync',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    expect(Buffer.from((await wire).ownCertificate)).toEqual(shown);
    client.destroy();
  });

  it('shows the renewed certificate from the next stream on, and the open ones go on', async () => {
    const first = await dial(nl);
    const renewed = await identityOf(LYON);
    listener.renew(renewed);
    const second = await dial(nl);
    expect(second.peer.certificate).not.toEqual(first.peer.certificate);
    const heard = accepted.at(-2)?.receive()[Symbol.asyncIterator]().next();
    await first.send(anEnvelope());
    expect((await heard)?.done).toBe(false);
    first.destroy();
    second.destroy();
  });

  it('honours back-pressure, and leaves no listeners behind on the stream', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    let heard = 0;
    const all = new Promise<void>((resolve) => {
      onWire = (wire) => {
        void (async () => {
          for await (const _envelope of wire.receive()) if (++heard === 360) return resolve();
        })().catch(() => {});
      };
    });
    const wire = await dial(nl);
    for (let round = 0; round < 20; round++) {
      await Promise.all(Array.from({ length: 18 }, () => wire.send(anEnvelope(100_000))));
    }
    await all;
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
    wire.destroy();
  });

  it.each(['the dialler', 'the acceptor'])(
    'ends the connection with the stream when %s breaks it off',
    async (who) => {
      // A relay in between counts the connections that live.
      const closed: Promise<void>[] = [];
      const relay = createServer((inner) => {
        connections++;
        const outer = connectPlain(listener.port, '127.0.0.1');
        inner.pipe(outer).pipe(inner);
        for (const socket of [inner, outer]) socket.on('error', () => {});
        closed.push(
          new Promise((resolve) => {
            inner.on('close', () => {
              connections--;
              outer.destroy();
              resolve();
            });
          }),
        );
      });
      await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
      const { port } = relay.address() as { port: number };
      const wire = await dial(nl, LYON, port);
      const other = accepted.at(-1) as Wire;
      const inbox = wire.receive()[Symbol.asyncIterator]();
      const otherInbox = other.receive()[Symbol.asyncIterator]();
      if (who === 'the dialler') {
        wire.destroy();
        expect(
          await otherInbox.next().then(
            ({ done }) => done,
            () => true,
          ),
        ).toBe(true);
      } else {
        other.destroy();
        await expect(inbox.next().then(({ done }) => done)).rejects.toThrow();
        // As a link does when it hears the end.
        wire.destroy();
      }
      await Promise.all(closed);
      expect(connections).toBe(0);
      relay.close();
    },
  );

  it('ends the connection when the acceptor ends the stream in good order', async () => {
    const wire = await dial(nl);
    accepted.at(-1)?.end();
    const inbox = wire.receive()[Symbol.asyncIterator]();
    expect((await inbox.next()).done).toBe(true);
    wire.destroy();
    await expect(wire.send(anEnvelope())).rejects.toThrow();
  });
});
