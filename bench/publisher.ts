// A member that publishes, linked to its hub: both on fresh copies of their homes, and running.

import { LYON } from '../node/names.js';
import { type Bench, MEMBERS } from './figure.js';
import { type NodeProcess, startNodes } from './icse.js';
import { until } from './until.js';

/** Does something with the publisher's node once it can publish; hub and publisher are gone afterwards. */
export async function withPublisher<T>(
  { scratch, federation }: Bench,
  act: (publisher: NodeProcess) => Promise<T>,
): Promise<T> {
  const codes = [LYON, MEMBERS.publisher];
  const homes = await Promise.all(codes.map((code) => scratch.copied(federation.home(code))));
  const nodes = await startNodes(homes);
  try {
    const publisher = nodes[1] as NodeProcess;
    await untilReady(publisher);
    return await act(publisher);
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    await Promise.all(homes.map((home) => scratch.remove(home)));
  }
}

/** Resolves when the node can publish. */
export async function untilReady({ client, home }: NodeProcess): Promise<void> {
  await until(`${home} can publish`, async () => (await client.status()).ready);
}
