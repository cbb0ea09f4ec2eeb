// The registry that a peer names in its hello, held against ours at once: a hub that shows two members two registries
// of one size is caught whether or not they go on to compare heads.

import type { Registry } from '../registry/registry.js';
import type { Link } from './link.js';

/** Asks the peer for its proof when it has another registry of the size of ours; says whether it has. */
export function askAboutRegistry(link: Link, { log }: Registry): boolean {
  const { registry: shown, session } = link;
  if (shown === undefined || shown.log !== log.name || shown.size !== BigInt(log.size)) return false;
  if (Buffer.compare(shown.root, log.root) === 0 || log.fault !== undefined) return false;
  session.consumer.ask(log.name);
  return true;
}
