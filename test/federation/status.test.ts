// What `icse status` says of a log that should move and does not: silence is never success.

import { fromBinary } from '@bufbuild/protobuf';
import { afterEach, describe, expect, it } from 'vitest';
import { asRefusal } from '../../node/exchange/refusal.js';
import { LYON } from '../../node/names.js';
import { rememberStates, type StateChange, watchStates } from '../../node/state-watch.js';
import { connectionStatuses, logStatuses } from '../../node/status.js';
import { MessageSchema } from '../../proto/gen/icse/v1/exchange_pb.js';
import { hastyClock } from '../exchange/hasty-clock.js';
import { type Parties, theParties, until } from '../exchange/parties.js';
import { someRecords } from '../exchange/records.js';

let parties: Parties;
afterEach(() => parties.close());

describe('the status of Australia, to which Lyon sends no segment', () => {
  it('is catching up, then stalled with what it waits for, since when, and said once; live when it has all', async () => {
    const clock = hastyClock();
    let isHeld = true;
    parties = await theParties(['NL', 'AU'], {
      over: 'memory',
      clock,
      onWire: ({ toDialler }, from) => {
        if (from !== 'AU') return;
        toDialler.alter = (envelope) => {
          const messages = envelope.content.case === 'frame' ? envelope.content.value.messages : [];
          const contents = messages.map((bytes) => fromBinary(MessageSchema, bytes).content);
          const isSegment = contents.some(({ case: kind, value }) => {
            return kind === 'segment' && value.log.endsWith('/NL');
          });
          return isHeld && isSegment ? undefined : envelope;
        };
      },
    });
    const [nl, au] = [parties.party('NL'), parties.party('AU')];
    nl.exchange.keepLinkTo(LYON);
    await until(nl, () => nl.exchange.guard.ready());
    await nl.publish(someRecords(3));
    await until(parties.lyon, () => parties.lyon.copyOf(nl)?.size === 3);

    const memory = rememberStates(clock);
    const logOf = (member: string) =>
      logStatuses(au.exchange, au.book, memory).find((log) => log.member === member);
    const connection = () => connectionStatuses(au.exchange, [LYON], memory)[0];
    expect(connection()).toMatchObject({ member: 'LYON', state: 'off', direction: null, why: 'dialling' });

    const changes: StateChange[] = [];
    const stop = watchStates(
      clock,
      () => logStatuses(au.exchange, au.book, memory),
      (change) => {
        if (change.what === 'log NL') changes.push(change);
      },
    );
    au.exchange.keepLinkTo(LYON);
    await until(au, () => logOf('NL')?.behind === 3);
    expect(logOf('NL')).toMatchObject({ state: 'catching up', why: 'from LYON: 3 entries behind', size: 0 });
    expect(connection()).toMatchObject({ state: 'catching up', direction: 'out' });

    const before = clock.now();
    while (logOf('NL')?.state !== 'stalled') {
      clock.advance(500);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(clock.now() - before).toBeLessThan(7000);
    expect(logOf('NL')).toMatchObject({ behind: 3 });
    expect(logOf('NL')?.why).toMatch(/^from LYON: waiting for entries of icse\/[0-9a-f]{64}\/NL from 0 on$/);
    const { since } = logOf('NL') as { since: string };
    clock.advance(5000);
    expect(logOf('NL')?.since).toBe(since);
    expect(logOf('AU')).toMatchObject({ state: 'live', why: '' });

    isHeld = false;
    au.exchange.linkTo(LYON)?.close(asRefusal(new Error('the line is mended')));
    const mended = until(au, () => au.copyOf(nl)?.size === 3);
    let isMended = false;
    void mended.then(() => {
      isMended = true;
    });
    while (!isMended) {
      clock.advance(500);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(au, () => logOf('NL')?.state === 'live');
    clock.advance(1000);
    stop();
    expect(changes.filter(({ to }) => to === 'stalled')).toHaveLength(1);
    expect(changes.at(-1)).toMatchObject({ to: 'live' });
  });
});
