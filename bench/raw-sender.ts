// The sender of replicate.rawLimit, a process of its own: reads the author's log into memory, and then puts it on
// the exchange's gRPC stream in segments as large as the exchange's, to whoever dials.

import { create, toBinary } from '@bufbuild/protobuf';
import { listenExchange } from '../node/exchange/grpc-wire.js';
import { SEGMENT_BYTES } from '../node/exchange/messages.js';
import type { Wire } from '../node/exchange/wire.js';
import { loadIdentity } from '../node/home/identity.js';
import { homePaths } from '../node/home/layout.js';
import { isHole } from '../node/log/item.js';
import type { Log } from '../node/log/log.js';
import { Logs } from '../node/log/logs.js';
import { logName, parseMemberCode } from '../node/names.js';
import { Registry } from '../node/registry/registry.js';
import { openLevelStore } from '../node/store/level-store.js';
import {
  EnvelopeSchema,
  FrameSchema,
  MessageSchema,
  SegmentSchema,
} from '../proto/gen/icse/v1/exchange_pb.js';
import type { SenderTask } from './raw-stream.js';

const READ = 4096;

process.once('message', (task: SenderTask) => {
  serve(task).catch((error: unknown) => {
    process.stderr.write(`${error}\n`);
    process.exit(1);
  });
});
process.once('disconnect', () => process.exit());

async function serve({ home, author, entries }: SenderTask): Promise<void> {
  const paths = homePaths(home);
  const identity = await loadIdentity(paths);
  const name = logName(identity.anchors.federation, parseMemberCode(author));
  const items: Uint8Array[] = [];
  const store = await openLevelStore(paths.logs);
  try {
    const log = (await Logs.open(store, await Registry.open(store, identity.anchors))).get(name) as Log;
    while (items.length < entries) {
      const read = await log.read(items.length, Math.min(entries, items.length + READ));
      for (const item of read) if (!isHole(item)) items.push(item);
    }
  } finally {
    await store.close();
  }
  const { port } = await listenExchange('127.0.0.1', 0, identity.tls, (wire) => {
    send(wire, name, items).catch((error: unknown) => {
      process.stderr.write(`${error}\n`);
      process.exit(1);
    });
  });
  process.send?.({ address: `127.0.0.1:${port}` });
}

async function send(wire: Wire, log: string, items: readonly Uint8Array[]): Promise<void> {
  let sequence = 0n;
  for (let from = 0; from < items.length; ) {
    let to = from;
    for (let bytes = 0; to < items.length && bytes < SEGMENT_BYTES; to++) bytes += items[to]?.length ?? 0;
    const segment = create(SegmentSchema, { log, from: BigInt(from), entries: items.slice(from, to) });
    const message = create(MessageSchema, { content: { case: 'segment', value: segment } });
    const frame = create(FrameSchema, { sequence: sequence++, messages: [toBinary(MessageSchema, message)] });
    await wire.send(create(EnvelopeSchema, { content: { case: 'frame', value: frame } }));
    from = to;
  }
  wire.end();
}
