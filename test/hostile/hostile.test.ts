// Hostile peers against a real hub, while honest members go on: the Netherlands publish an entry every 50 ms, and
// each is looked for in Australia. France, Belgium and Germany have gone bad and speak with their own
// certificates and keys; Belgium is suspended in the end. Everything is on loopback, and the attackers share the process, and its clock, with the attacked.

import { connect as connectPlain } from 'node:net';
import { availableParallelism, loadavg } from 'node:os';
import { connect } from 'node:tls';
import { create } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issueNodeCertificate, newSerial } from '../../certs/certificate.js';
import { createRequest, readRequest } from '../../certs/request.js';
import { MAX_WAITING } from '../../node/exchange/doorway.js';
import { encodeMessage, MAX_MESSAGES } from '../../node/exchange/frames.js';
import { IDLE_MS } from '../../node/exchange/grpc-wire.js';
import { HANDSHAKE_MS } from '../../node/exchange/link.js';
import { type Content, segmentWeight, WINDOW_BYTES } from '../../node/exchange/messages.js';
import { byeName } from '../../node/exchange/refusal.js';
import { MAX_OPENING } from '../../node/exchange/streams.js';
import { TLS_HANDSHAKE_MS, type TlsIdentity } from '../../node/exchange/tls.js';
import { homePaths } from '../../node/home/layout.js';
import { readIssuing } from '../../node/hub/issuing-files.js';
import { logName, parseMemberCode } from '../../node/names.js';
import { ed25519Signer, formatNote } from '../../node/tlog/note.js';
import {
  AckSchema,
  HeadsSchema,
  OnwardSchema,
  PingSchema,
  SegmentSchema,
  WantSchema,
} from '../../proto/gen/icse/v1/exchange_pb.js';
import { aForeignPki, identityOf } from '../exchange/certificates.js';
import { aFederation, type Federation, random } from '../federation/federation.js';
import { BOMBS, emptyEntries } from './bombs.js';
import { type HonestLife, heldBytes, livingBytes, percentile, startHonestLife } from './honest-life.js';
import {
  type BadMember,
  type BareStream,
  badMember,
  bareStream,
  envelopeOf,
  type LinkedStream,
  openOf,
} from './hostile-peer.js';
import { type MachineStalls, watchMachine } from './machine-stalls.js';
import { type Crowd, type Door, endOf, idleCrowd, memberTls, silentCrowd } from './siege.js';

/** How many processes want each core of this machine before the test begins: what is measured takes so much longer. */
const BUSY = Math.max(1, (loadavg()[0] as number) / availableParallelism());
/** An entry is at another country within a second; half of it is what an attack may take. */
const LIVE_P99_MS = 500;
/** What is refused is refused when it is read: a few turns of the event loop, and a second for a farewell. */
const REFUSED_MS = 2000;
/** A timer of the node fires late when its machine is busy. */
const LATE_MS = 3000;
const CROWD = 2000;
/** Whoever is let in and says nothing may stay for longer than it takes to refuse. */
const NOTHING = new Uint8Array(0);
/** What a node queues for a peer, 16 MiB, what HTTP/2 holds of it at both ends, garbage, and the crowds beside it. */
const UNREAD_HELD_BYTES = 128 * 1024 * 1024;
const UNREAD_PINGS = 400_000;
/** What the largest envelope that the wire takes, 1.25 MB, becomes in memory, garbage included. */
const ENVELOPE_HELD_BYTES = 48 * 1024 * 1024;
/** What is left when all attacks are over and garbage is swept: the honest logs and their views have grown. */
const LEFT_BYTES = 48 * 1024 * 1024;

describe('a hub under attack', () => {
  let federation: Federation;
  let life: HonestLife;
  let machine: MachineStalls;
  let door: Door;
  let address: string;
  let france: BadMember;
  let belgium: BadMember;
  let before: number;
  const report: string[] = [];

  beforeAll(async () => {
    federation = await aFederation({ countries: ['NL', 'AU', 'FR', 'BE', 'DE'] });
    address = federation.lyon.listen;
    door = { host: '127.0.0.1', port: Number(address.split(':').at(-1)) };
    for (const code of ['FR', 'BE', 'DE']) await federation.stop(code);
    france = await badMember(federation.home('FR'), address);
    belgium = await badMember(federation.home('BE'), address);
    machine = watchMachine();
    life = startHonestLife(federation, 'NL', 'AU');
    before = await livingBytes();
  });
  afterAll(() => federation.close());

  /** Runs an attack and says what the honest members noticed of it. */
  async function attack(name: string, run: () => Promise<string>): Promise<void> {
    const from = life.journeys.length;
    const start = performance.now();
    let peak = heldBytes();
    const floor = peak;
    const sampling = setInterval(() => {
      peak = Math.max(peak, heldBytes());
    }, 10);
    const seen = await run();
    clearInterval(sampling);
    const took = life.journeys.slice(from).map((journey) => journey.to - journey.from);
    const worst = Math.round(Math.max(0, ...took));
    report.push(
      `${name}: ${seen}; ${Math.round(performance.now() - start)} ms, ${took.length} entries passed, ` +
        `the slowest in ${worst} ms; ${Math.round((peak - floor) / 1024 / 1024)} MiB more were held`,
    );
  }

  function within<T>(ms: number, what: Promise<T>): Promise<T> {
    return Promise.race([
      what,
      new Promise<T>((_resolve, reject) =>
        setTimeout(() => reject(new Error(`nothing within ${ms} ms`)), ms * BUSY).unref(),
      ),
    ]);
  }

  /** A handshake in good order, as an honest member's: it is the door that is tried. */
  async function isOpenToMembers(): Promise<boolean> {
    const link = await within(REFUSED_MS, france.linked());
    const heard = await within(REFUSED_MS, link.hearMessages());
    link.destroy();
    return heard?.[0]?.content.case === 'heads';
  }

  // These go on beside what follows.
  let silent: Crowd;
  let idle: Crowd;
  let unread: Promise<void>;
  const mute: Promise<string>[] = [];

  it('begins to be asked without end by a member that does not read', async () => {
    const ping = encodeMessage({ case: 'ping', value: create(PingSchema, { token: 2n ** 63n }) });
    const link = await (await badMember(federation.home('DE'), address)).linked();
    let said = 0;
    // It goes on beside what follows, for it takes some seconds.
    unread = attack('pings without end, answers not read', async () => {
      const floor = heldBytes();
      let peak = floor;
      let isCut = false;
      const cut = link.cut().then(() => {
        isCut = true;
      });
      for (; !isCut && said < UNREAD_PINGS; said += MAX_MESSAGES) {
        await Promise.race([link.sayAll([link.frame(Array(MAX_MESSAGES).fill(ping))]), cut]);
        peak = Math.max(peak, heldBytes());
        await new Promise((resolve) => setImmediate(resolve));
      }
      link.destroy();
      expect(isCut).toBe(true);
      expect(peak - floor).toBeLessThan(UNREAD_HELD_BYTES);
      return `cut off after ${said} pings`;
    });
    unread.catch(() => {});
  });

  it('keeps no more streams of a member than it may open, when its hellos never come', async () => {
    await attack('20 streams whose hello never comes', async () => {
      let live = 0;
      for (let n = 0; n < 20; n++) {
        const stream = belgium.stream();
        stream.say(envelopeOf({ case: 'open', value: openOf() }));
        live++;
        mute.push(stream.ended.finally(() => live--));
        await stream.hear();
      }
      await within(
        REFUSED_MS,
        until(() => live <= MAX_OPENING),
      );
      return `${live} are open`;
    });
  });

  it('keeps no more connections than its door holds, and members go in and out', async () => {
    await attack(`${CROWD} TCP connections without TLS`, async () => {
      silent = await silentCrowd(door, CROWD);
      await within(
        REFUSED_MS,
        until(() => silent.open() <= MAX_WAITING),
      );
      expect(await isOpenToMembers()).toBe(true);
      return `${silent.open()} are open`;
    });
    await attack(`${CROWD} TLS connections without a stream`, async () => {
      idle = await idleCrowd(door, CROWD, france.identity.tls);
      await within(
        REFUSED_MS,
        until(() => silent.open() + idle.open() <= MAX_WAITING),
      );
      expect(await isOpenToMembers()).toBe(true);
      return `${silent.open()} + ${idle.open()} are open`;
    });
  });

  it('lets in nobody without a certificate that counts', async () => {
    const { tls } = france.identity;
    const foreign = await identityOf(france.identity.member, { pki: await aForeignPki() });
    const expired = await anExpired(tls);
    const strangers = {
      'no certificate': { ...memberTls(door, tls), cert: undefined, key: undefined },
      'a foreign root': { ...memberTls(door, foreign), ca: tls.rootPem },
      'an expired certificate': memberTls(door, expired),
      'TLS 1.2': { ...memberTls(door, tls), maxVersion: 'TLSv1.2' as const },
    };
    for (const [name, options] of Object.entries(strangers)) {
      await attack(`20 times ${name}`, async () => {
        const ends: string[] = [];
        for (let n = 0; n < 20; n++)
          ends.push(await within(REFUSED_MS, endOf(connect(options), 'secureConnect', NOTHING)));
        return [...new Set(ends)].join(', ');
      });
    }
  });

  async function anExpired(tls: TlsIdentity): Promise<TlsIdentity> {
    const leafPem = issueNodeCertificate({
      issuing: await readIssuing(homePaths(federation.home('LYON'))),
      publicKeyPem: readRequest(createRequest(tls.keyPem)),
      member: france.identity.member,
      federation: france.identity.federation.federation,
      hosts: ['127.0.0.1'],
      notBefore: new Date(Date.now() - 2 * 86_400_000),
      notAfter: new Date(Date.now() - 86_400_000),
      serial: newSerial(random),
    });
    return { ...tls, leafPem };
  }

  it('lets in nobody who is suspended', async () => {
    await federation.lyon.api.hub?.suspend({ member: 'BE', appendAlone: false, reason: 'a test' });
    const { identity } = belgium;
    await attack('50 streams of a suspended member', async () => {
      for (let n = 0; n < 50; n++) {
        const stream = bareStream(address, identity.tls);
        stream.say(envelopeOf({ case: 'open', value: openOf() }));
        const answer = await within(REFUSED_MS, stream.hear());
        if (answer?.content.case === 'refusal')
          expect(answer.content.value.reason).toBe('BE is suspended by the hub');
        else expect(answer).toBeUndefined();
        stream.destroy();
      }
      return 'each is told so, or broken off';
    });
  });

  it('outlives garbage in the place of TLS, and of HTTP/2', async () => {
    const garbage = [random(64 * 1024), Buffer.from('GET / HTTP/1.1\r\n\r\n'.repeat(50))];
    await attack('garbage, 80 times', async () => {
      for (let n = 0; n < 20; n++) {
        for (const bytes of garbage) {
          await within(REFUSED_MS, endOf(connectPlain(door), 'connect', bytes));
          const inTls = connect(memberTls(door, france.identity.tls));
          await within(REFUSED_MS, endOf(inTls, 'secureConnect', bytes));
        }
      }
      return 'each connection is ended';
    });
  });

  const log = (code: string): string => logName(france.identity.federation.federation, parseMemberCode(code));
  const onward = (name: string, from: number): Content => ({
    case: 'want',
    value: create(WantSchema, {
      scope: { case: 'onward', value: create(OnwardSchema, { log: name, from: BigInt(from) }) },
    }),
  });

  it('sends no more than the window to a member that wants all from 0 again and again', async () => {
    await attack('5,000 times Want from 0', async () => {
      const link = await france.linked();
      let bytes = 0;
      const reading = (async () => {
        for (;;) {
          const messages = await link.hearMessages();
          if (messages === undefined) return;
          for (const { content } of messages)
            if (content.case === 'segment') bytes += segmentWeight(content.value);
        }
      })();
      for (let n = 0; n < 500; n++) {
        link.tell(...Array.from({ length: 10 }, () => onward(log('NL'), 0)));
        if (n % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
      }
      link.tell({ case: 'ping', value: create(PingSchema, { token: 1n }) });
      await within(
        REFUSED_MS,
        until(() => link.heard.has('pong')),
      );
      link.destroy();
      await reading;
      expect(bytes).toBeLessThanOrEqual(WINDOW_BYTES);
      return `${bytes} bytes of segments were sent`;
    });
  });

  it('takes frames of the largest size at full speed', async () => {
    const entry = random(1000);
    // Of a log that nobody has: read, dealt with, and not kept.
    const large = encodeMessage({
      case: 'segment',
      value: create(SegmentSchema, { log: log('ZZ'), entries: Array(1000).fill(entry) }),
    });
    await attack('100 frames of 1 MB at full speed', async () => {
      const link = await france.linked();
      const reading = link.farewell();
      await link.sayAll(frames(100, () => link.frame([large])));
      link.tell({ case: 'ping', value: create(PingSchema, { token: 1n }) });
      await within(10_000, Promise.race([until(() => link.heard.has('pong')), reading]));
      link.destroy();
      return `${link.heard.get('ack') ?? 0} were dealt with; ${await reading}`;
    });
    await attack('50 frames of 1,024 pings at full speed', async () => {
      const ping = encodeMessage({ case: 'ping', value: create(PingSchema, { token: 1n }) });
      const link = await france.linked();
      const reading = link.farewell();
      await link.sayAll(frames(50, () => link.frame(Array(MAX_MESSAGES).fill(ping))));
      await within(
        10_000,
        Promise.race([until(() => link.heard.get('pong') === 50 * MAX_MESSAGES), reading]),
      );
      link.destroy();
      return `${link.heard.get('pong')} were answered; ${await reading}`;
    });
  });

  it('believes no size that no log reaches, also when it is signed', async () => {
    const { secrets } = france.identity;
    const name = log('FR');
    const root = random(32);
    const signer = ed25519Signer(name, secrets.log);
    for (const size of [2n ** 60n, 2n ** 53n - 1n]) {
      const text = `${name}\n${size}\n${Buffer.from(root).toString('base64')}\n`;
      const signature = signer.sign(Buffer.from(text));
      const checkpoint = formatNote(text, [{ name, keyId: signer.keyId, signature }]);
      const says: Content[] = [
        { case: 'heads', value: create(HeadsSchema, { heads: [{ log: name, size, root, checkpoint }] }) },
        {
          case: 'segment',
          value: create(SegmentSchema, { log: name, from: size, entries: [random(200)], checkpoint }),
        },
        { case: 'ack', value: create(AckSchema, { log: name, size, bytes: size }) },
        onward(log('NL'), Number(size)),
      ];
      await attack(`a size of ${size}, in 4 messages`, async () => {
        const ends: string[] = [];
        for (const content of says) {
          const link = await france.linked();
          link.tell(content, { case: 'ping', value: create(PingSchema, { token: 1n }) });
          const end = link.farewell();
          await within(REFUSED_MS, Promise.race([end, until(() => link.heard.has('pong'))]));
          ends.push(link.heard.has('pong') ? 'passed over' : await end);
          link.destroy();
        }
        if (size > Number.MAX_SAFE_INTEGER) expect(ends.every((end) => end.startsWith('pro'))).toBe(true);
        return ends.join(', ');
      });
    }
  });

  describe('by protobuf that is small on the wire', () => {
    it.each(Object.keys(BOMBS.envelopes))('of %s, refuses it before it is decoded', async (name) => {
      const bomb = (BOMBS.envelopes[name] as () => Uint8Array)();
      await attack(`1.25 MB of ${name}`, async () => {
        const link = await france.linked();
        return explode(link, bomb);
      });
    });

    it.each(Object.keys(BOMBS.greetings))('of %s, refuses it in the handshake', async (name) => {
      const bomb = (BOMBS.greetings[name] as () => Uint8Array)();
      await attack(`1.25 MB of ${name}`, async () => {
        const stream = france.stream();
        if (name.endsWith('hello')) {
          stream.say(envelopeOf({ case: 'open', value: openOf() }));
          await within(REFUSED_MS, stream.hear());
        }
        return explode({ ...stream, farewell: () => refusalOn(stream) }, bomb);
      });
    });

    async function refusalOn(stream: BareStream): Promise<string> {
      const content = (await stream.hear())?.content;
      return content?.case === 'refusal'
        ? `${byeName(content.value.code)}: ${content.value.reason}`
        : 'no word';
    }

    it.each(Object.keys(BOMBS.messages))(
      'of %s in a signed frame, refuses it before it is decoded',
      async (name) => {
        const message = (BOMBS.messages[name] as () => Uint8Array)();
        await attack(`1.25 MB of ${name}`, async () => {
          const link = await france.linked();
          return explode(link, link.frame([message]));
        });
      },
    );

    it('refuses many small ones in one frame as it does a large one', async () => {
      const small = emptyEntries(log('ZZ'), 250);
      await attack('1,000 messages of 250 empty entries each', async () => {
        const link = await france.linked();
        return explode(link, link.frame(Array(1000).fill(small)));
      });
    });

    async function explode(
      link: Pick<LinkedStream, 'say' | 'destroy' | 'farewell'>,
      bomb: Uint8Array,
    ): Promise<string> {
      const end = link.farewell();
      const floor = heldBytes();
      let peak = floor;
      const sampling = setInterval(() => {
        peak = Math.max(peak, heldBytes());
      }, 1);
      link.say(bomb);
      const why = await within(REFUSED_MS, end);
      clearInterval(sampling);
      link.destroy();
      expect(why).toMatch(/^pro/);
      expect(peak - floor).toBeLessThan(ENVELOPE_HELD_BYTES);
      return why.slice(0, 80);
    }
  });

  it('has sent them all away in the end', async () => {
    await attack('the crowds, and the hellos that never came', async () => {
      const longest = Math.max(TLS_HANDSHAKE_MS, 2 * IDLE_MS, HANDSHAKE_MS) + LATE_MS;
      await within(longest, Promise.all([silent.gone, idle.gone, ...mute, unread]));
      return 'all are gone';
    });
    expect(await isOpenToMembers()).toBe(true);
  });

  it('has been as good as idle to honest members, and keeps nothing of it', async () => {
    await life.stop();
    const left = (await livingBytes()) - before;
    await machine.stop();
    const took = life.journeys.map(({ from, to }) => to - from - machine.within(from, to));
    const p99 = percentile(took, 0.99);
    const half = percentile(took, 0.5);
    report.push(
      `${took.length} entries from publisher to reader: half within ${Math.round(half)} ms, 99 of 100 within ` +
        `${Math.round(p99)} ms, but for stalls of the machine, ${BUSY.toFixed(1)} times busy; ${Math.round(left / 1024 / 1024)} MiB more than before`,
    );
    console.info(report.join('\n'));
    expect(p99).toBeLessThan(LIVE_P99_MS * BUSY);
    expect(left).toBeLessThan(LEFT_BYTES);
    for (const code of ['NL', 'AU']) expect((await federation.node(code).api.status()).ready).toBe(true);
  });
});

function* frames(count: number, next: () => Uint8Array): Iterable<Uint8Array> {
  for (let n = 0; n < count; n++) yield next();
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}
