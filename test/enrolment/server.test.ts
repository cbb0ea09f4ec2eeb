import { connect } from 'node:tls';
import { create } from '@bufbuild/protobuf';
import { Client, type MethodDefinition, type ServiceError } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRateLimit } from '../../node/enrolment/rate-limit.js';
import { hostOfPeer, listenEnrolment } from '../../node/enrolment/server.js';
import { grpcService } from '../../node/exchange/grpc-service.js';
import { enrolmentCredentials } from '../../node/exchange/tls.js';
import { LYON } from '../../node/names.js';
import { Enrolment, EnrolRequestSchema } from '../../proto/gen/icse/v1/enrolment_pb.js';
import { MemberKeysSchema } from '../../proto/gen/icse/v1/registry_pb.js';
import { aRunningHub, type RunningHub, removeFolders } from '../hub/a-hub.js';

let hub: RunningHub;

beforeEach(async () => {
  hub = await aRunningHub();
});
afterEach(() => hub.close());
afterAll(removeFolders);

/** Calls Enrol with what a stranger may send; resolves with the error. */
function strange(
  port: number,
  more: Parameters<typeof create<typeof EnrolRequestSchema>>[1],
): Promise<ServiceError> {
  const { path, requestSerialize, responseDeserialize } = grpcService(Enrolment).enrol as MethodDefinition<
    unknown,
    unknown
  >;
  const client = new Client(`127.0.0.1:${port}`, enrolmentCredentials(hub.identity.tls.rootPem, LYON), {
    'grpc.ssl_target_name_override': 'lyon.icse.invalid',
    'grpc.use_local_subchannel_pool': 1,
  });
  const request = create(EnrolRequestSchema, more);
  return new Promise<ServiceError>((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error) =>
      error === null ? reject(new Error('it was not refused')) : resolve(error),
    );
  }).finally(() => client.close());
}

const codeOf = (error: ServiceError) => error.metadata.get('icse-code')[0];

describe('the enrolment listener', () => {
  it('tells a stranger the code and one sentence', async () => {
    const federation = hub.identity.federation.federation;
    const error = await strange(hub.listener.port, { federation, member: 'UK' });
    expect(codeOf(error)).toBe('bad-name');
    expect(error.details).toBe('member code UK is not in ISO 3166-1; write GB');
  });

  it('refuses a message over 16 KiB before anybody reads it', async () => {
    const error = await strange(hub.listener.port, { csr: new Uint8Array(17 * 1024) });
    expect(error.details).toContain('larger than max');
    expect(hub.events).toEqual([]);
  });

  it('refuses fields that are not in the contract, at every depth', async () => {
    const unknown = { no: 99, wireType: 2, data: new Uint8Array([4, ...Buffer.from('text')]) };
    const keys = create(MemberKeysSchema);
    keys.$unknown = [unknown];
    const request = create(EnrolRequestSchema, { member: 'NL' });
    request.$unknown = [unknown];
    for (const more of [request, create(EnrolRequestSchema, { member: 'NL', keys })]) {
      expect(codeOf(await strange(hub.listener.port, more))).toBe('malformed');
    }
  });

  it('survives keys, requests and names that are nonsense', async () => {
    const federation = hub.identity.federation.federation;
    for (const more of [
      {},
      { federation, member: '\u0000' },
      { federation, member: 'NL', csr: new Uint8Array(9) },
    ]) {
      expect(codeOf(await strange(hub.listener.port, more))).toMatch(/^[a-z-]+$/);
    }
    const invitation = await hub.invite('NL' as never);
    const keys = { log: new Uint8Array(1), receipt: new Uint8Array(32), session: new Uint8Array(32) };
    const { token } = invitation;
    const error = await strange(hub.listener.port, { federation, member: 'NL', token, keys });
    expect(codeOf(error)).toBe('bad-request');
  });

  it('speaks TLS 1.3 alone', async () => {
    const older = new Promise((resolve, reject) => {
      const socket = connect({
        port: hub.listener.port,
        host: '127.0.0.1',
        maxVersion: 'TLSv1.2',
        rejectUnauthorized: false,
      });
      socket.once('error', reject);
      socket.once('secureConnect', resolve);
    });
    await expect(older).rejects.toThrow('protocol version');
  });

  it('says nothing of errors of its own, but tells the hub', async () => {
    const own: unknown[] = [];
    const broken = () => Promise.reject(new Error('secret detail'));
    const listener = await listenEnrolment({
      address: { host: '127.0.0.1', port: 0 },
      identity: hub.identity.tls,
      handlers: { enrol: broken, renew: broken },
      clock: hub.clock,
      onError: (error) => own.push(error),
    });
    const error = await strange(listener.port, {});
    await listener.close();
    expect(error.details).toBe('an error inside the hub; its operator finds it in the log');
    expect(own).toMatchObject([{ message: 'secret detail' }]);
  });

  it('answers after 10 s although the work is not done, and only so many at a time', async () => {
    const listener = await listenEnrolment({
      address: { host: '127.0.0.1', port: 0 },
      identity: hub.identity.tls,
      handlers: { enrol: () => new Promise(() => {}), renew: () => new Promise(() => {}) },
      clock: { ...hub.clock, after: (_ms, act) => hub.clock.after(300, act) },
      onError: () => {},
    });
    const errors = await Promise.all(Array.from({ length: 34 }, () => strange(listener.port, {})));
    await listener.close();
    expect(new Set(errors.map(codeOf))).toEqual(new Set(['busy']));
    const sentences = errors.map(({ details }) => details);
    expect(sentences).toContain('the hub has not finished within 10 s: ask again');
    expect(sentences).toContain('the hub is busy: ask again');
  });

  it('reads the address of a caller', () => {
    expect(hostOfPeer('192.0.2.7:50123')).toBe('192.0.2.7');
    expect(hostOfPeer('::ffff:192.0.2.7:50123')).toBe('192.0.2.7');
    expect(hostOfPeer('2001:db8::7:50123')).toBe('2001:db8::7');
  });
});

describe('the rate of calls', () => {
  const burst = (limit: ReturnType<typeof createRateLimit>, host: string, nowMs: number): number => {
    let admitted = 0;
    while (limit.admits(host, nowMs)) admitted++;
    return admitted;
  };

  it('lets an address call in bursts, and steadily after that', () => {
    const limit = createRateLimit();
    expect(burst(limit, '192.0.2.7', 0)).toBe(120);
    expect(burst(limit, '192.0.2.8', 0)).toBe(120);
    expect(burst(limit, '192.0.2.7', 2000)).toBe(10);
  });

  it('counts one customer of IPv6 once', () => {
    const limit = createRateLimit();
    burst(limit, '2001:db8::7', 0);
    expect(limit.admits('2001:db8:0:0:ffff::8', 0)).toBe(false);
    expect(limit.admits('2001:db8:0:1::8', 0)).toBe(true);
  });

  it('remembers a bounded number of addresses, and forgets who has been quiet', () => {
    const limit = createRateLimit();
    for (let i = 0; i < 10_000; i++) limit.admits(`10.0.${i >> 8}.${i & 255}`, 0);
    expect(limit.size()).toBe(4096);
    limit.admits('192.0.2.7', 60_000);
    expect(limit.size()).toBe(1);
  });
});
