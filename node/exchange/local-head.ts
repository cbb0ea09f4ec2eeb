// How far a node holds a log, as it says to others.

import type { Logs } from '../log/logs.js';
import type { LogName } from '../names.js';
import { EMPTY_ROOT } from '../tlog/hash.js';
import type { LocalHead } from './messages.js';

/**
 * The log as it is on disk, for heads and digests; a log that is not here is empty. What lies at or above a cut
 * is here for nobody: whoever has the same registry shows the same head.
 */
export function localHead(logs: Logs, name: LogName): LocalHead {
  const log = logs.get(name);
  const cut = logs.registry.state.logs.get(name)?.cut;
  if (log === undefined)
    return { size: 0, root: EMPTY_ROOT, checkpoint: undefined, settled: undefined, end: cut?.size };
  const { size, root, settled } = log;
  const checkpoint = log.checkpoint?.note;
  const end = log.fault === undefined ? cut?.size : size;
  if (cut === undefined || size <= cut.size) return { size, root, checkpoint, settled, end };
  return {
    ...cut,
    checkpoint,
    settled: settled !== undefined && settled.size <= cut.size ? settled : undefined,
    end: cut.size,
  };
}
