// The wires between the nodes of a simulated federation: one relay for each pair of a node and an address that it
// dials, so that a country can be cut off from all others and mended again.

import { type Relay, relayTo } from './relay.js';

export interface Wires {
  /** Where the node of the country dials instead of the address. */
  route(code: string, address: string): Promise<string>;
  /** Cuts every wire from the country and to the address at which it listens; returns how to mend them. */
  cut(code: string, listen: string): () => void;
  close(): Promise<void>;
}

export function wiresBetween(): Wires {
  const relays = new Map<string, Promise<Relay>>();
  /** Countries that are cut off, and where they listen. */
  const cutOff = new Map<string, string>();

  const isCut = (code: string, address: string): boolean =>
    cutOff.has(code) || [...cutOff.values()].includes(address);

  function partsOf(key: string): [code: string, address: string] {
    const [code = '', address = ''] = key.split(' ');
    return [code, address];
  }

  function settle(): void {
    for (const [key, made] of relays) {
      void made.then((relay) => (isCut(...partsOf(key)) ? relay.cut() : relay.mend()));
    }
  }

  return {
    async route(code, address) {
      const key = `${code} ${address}`;
      const made = relays.get(key) ?? relayTo(address);
      relays.set(key, made);
      const relay = await made;
      if (isCut(code, address)) relay.cut();
      return relay.address;
    },
    cut(code, listen) {
      cutOff.set(code, listen);
      settle();
      return () => {
        cutOff.delete(code);
        settle();
      };
    },
    async close() {
      await Promise.all([...relays.values()].map(async (made) => (await made).close()));
    },
  };
}
