import { expect, it } from 'vitest';
import { entryFeed } from '../node/entry-feed.js';
import type { Log } from '../node/log/log.js';
import { Logs } from '../node/log/logs.js';
import { createMemoryStore } from '../node/store/memory-store.js';
import { ed25519Signer } from '../node/tlog/note.js';
import { admit, aRegistry, log, secretsOf } from './registry/acts.js';
import { inNewerRelease } from './statements/newer.js';
import { entryOf, FEDERATION } from './views/records.js';

const NL = log('NL');

it('a feed goes on behind what only a newer release knows, and shows nothing of it', async () => {
  const store = createMemoryStore();
  const logs = await Logs.open(store, await aRegistry([admit('NL')], store));
  const nl = logs.get(NL) as Log;
  const [first, second] = [entryOf({ sha256: 'a' }), entryOf({ sha256: 'b' })];
  await nl.append([first, inNewerRelease(first), second], ed25519Signer(NL, secretsOf('NL').log));
  const feed = entryFeed({ federation: FEDERATION, all: () => [nl], open: () => undefined }, []);
  const shown = await feed.read(10);
  expect(shown.map(({ record }) => record === null)).toEqual([false, true, false]);
});
