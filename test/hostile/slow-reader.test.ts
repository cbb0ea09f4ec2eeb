import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { createFrameQueue, SEND_MS } from '../../node/exchange/frame-queue.js';
import { createFrameWriter } from '../../node/exchange/frames.js';
import type { Wire } from '../../node/exchange/wire.js';
import { keyPairOf } from '../../node/keys/ed25519.js';
import { PingSchema } from '../../proto/gen/icse/v1/exchange_pb.js';
import { hastyClock } from '../exchange/hasty-clock.js';
import { random } from '../exchange/random.js';

describe('a peer that answers pings of HTTP/2 and takes nothing', () => {
  it('is broken off after a minute, also when little waits for it', async () => {
    const clock = hastyClock();
    let isBroken = false;
    const wire = {
      send: () =>
        new Promise<void>((_resolve, reject) => {
          fail = reject;
        }),
      destroy() {
        isBroken = true;
        fail(new Error('the stream was closed'));
      },
    } as unknown as Wire;
    let fail: (error: Error) => void = () => {};
    const writer = createFrameWriter(random(32), keyPairOf(random(32)).secretKey);
    const queue = createFrameQueue(wire, writer, clock, () => {});
    queue.add({ case: 'ping', value: create(PingSchema, { token: 1n }) });
    const flushed = queue.flush();
    await Promise.resolve();
    clock.advance(SEND_MS - 1000);
    expect(isBroken).toBe(false);
    clock.advance(1000);
    await expect(flushed).rejects.toThrow('the stream was closed');
    expect(isBroken).toBe(true);
  });
});
