// The receiver of replicate.rawLimit, a process of its own: takes entries off the exchange's gRPC stream and
// writes each bundle of them to LevelDB, synced, with the log store's settings. It checks nothing.

import { fromBinary } from '@bufbuild/protobuf';
import { ClassicLevel } from 'classic-level';
import { dialExchange } from '../node/exchange/grpc-wire.js';
import { loadIdentity } from '../node/home/identity.js';
import { homePaths } from '../node/home/layout.js';
import { parseMemberCode } from '../node/names.js';
import { LEVEL_OPTIONS } from '../node/store/level-store.js';
import { MessageSchema } from '../proto/gen/icse/v1/exchange_pb.js';
import { BUNDLE, type ReceiverDone, type ReceiverTask } from './raw-stream.js';

const DIAL_MS = 10_000;
/** Writes under way, so that neither the disk nor the stream waits for the other. */
const AT_ONCE = 8;

process.once('message', (task: ReceiverTask) => {
  receive(task).then(
    (done) => process.send?.(done),
    (error: unknown) => {
      process.stderr.write(`${error}\n`);
      process.exit(1);
    },
  );
});
process.once('disconnect', () => process.exit());

async function receive(task: ReceiverTask): Promise<ReceiverDone> {
  const { tls } = await loadIdentity(homePaths(task.home));
  const database = new ClassicLevel<string, Uint8Array>(task.database, LEVEL_OPTIONS);
  await database.open();
  const wire = await dialExchange(task.address, parseMemberCode(task.author), tls, DIAL_MS);
  const before = performance.now();
  const writes = boundedWrites((key, value) => database.put(key, value, { sync: true }));
  let bundle: Uint8Array[] = [];
  let received = 0;
  for await (const { content } of wire.receive()) {
    if (content.case !== 'frame') continue;
    for (const bytes of content.value.messages) {
      const message = fromBinary(MessageSchema, bytes);
      if (message.content.case !== 'segment') continue;
      for (const entry of message.content.value.entries) {
        bundle.push(entry);
        received++;
        if (bundle.length < BUNDLE && received < task.entries) continue;
        await writes.add(String(received).padStart(12, '0'), Buffer.concat(bundle));
        bundle = [];
      }
    }
    if (received >= task.entries) break;
  }
  await writes.done();
  const tookMs = performance.now() - before;
  await database.close();
  if (received !== task.entries) throw new Error(`${received} entries came, not ${task.entries}`);
  return { tookMs };
}

function boundedWrites(write: (key: string, value: Uint8Array) => Promise<void>) {
  const underway = new Set<Promise<void>>();
  return {
    async add(key: string, value: Uint8Array): Promise<void> {
      if (underway.size >= AT_ONCE) await Promise.race(underway);
      const written = write(key, value).finally(() => underway.delete(written));
      underway.add(written);
    },
    async done(): Promise<void> {
      await Promise.all(underway);
    },
  };
}
