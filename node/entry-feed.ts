// The entries of all logs from a place in each of them on, as programs follow them. A reader is a vector of
// positions and nothing else: however slow it is, it costs no memory and misses nothing.

import type { Entry } from '../proto/gen/icse/v1/entry_pb.js';
import type { EntryReader, WatchedEntry } from './api.js';
import { Failure } from './failure.js';
import { isHole, type LogItem, leafHashOf } from './log/item.js';
import type { Log } from './log/log.js';
import {
  BadName,
  type FederationId,
  type LogName,
  parseLogName,
  parsePosition,
  shortLogName,
} from './names.js';
import { entryOrNothing } from './statements/entry.js';
import { hexText } from './statements/hex.js';
import { isSealedEntry, type SealableStatement, type SealedEntry } from './statements/sealed-content.js';
import { statementToJson } from './statements/statement-json.js';
import type { Opener } from './views/opener.js';

/** Entries that one log gives in its turn, so that none waits for a longer one. */
const MAX_TURN = 256;

export interface FeedSource {
  readonly federation: FederationId;
  /** All logs that are open now, in one order. */
  all(): readonly Log[];
  /** Opens what is sealed for this member. */
  readonly open: Opener;
}

/**
 * A reader after the places named (`NL:5`); a log that is not named is read from its beginning, so that nothing
 * of a new member is missed. Without places: from now on. Throws BadName, and Failure 'unknown-log'.
 */
export function entryFeed(source: FeedSource, after?: readonly string[]): EntryReader {
  const next = after === undefined ? endsOf(source) : placesAfter(source, after);
  /** The log whose turn it is. */
  let turn = 0;
  return {
    async read(limit) {
      const logs = source.all();
      const entries: WatchedEntry[] = [];
      for (let n = 0; n < logs.length && entries.length < limit; n++) {
        const log = logs[turn++ % logs.length] as Log;
        const from = next.get(log.name) ?? 0;
        const to = Math.min(log.size, from + Math.min(MAX_TURN, limit - entries.length));
        if (from >= to) continue;
        const items = await log.read(from, to);
        for (const [offset, item] of items.entries())
          entries.push(shown(source, log.name, from + offset, item));
        next.set(log.name, from + items.length);
      }
      return entries;
    },
  };
}

function endsOf(source: FeedSource): Map<LogName, number> {
  return new Map(source.all().map(({ name, size }) => [name, size]));
}

function placesAfter(source: FeedSource, places: readonly string[]): Map<LogName, number> {
  const known = new Set(source.all().map(({ name }) => name));
  const next = new Map<LogName, number>();
  for (const place of places) {
    const { log, index } = parsePosition(source.federation, place);
    if (!known.has(log)) throw new Failure('unknown-log', `this node has no log ${shortLogName(log)}`);
    if (next.has(log)) throw new BadName(`two places in ${shortLogName(log)}: name one`);
    next.set(log, index + 1);
  }
  return next;
}

function shown({ open }: FeedSource, log: LogName, index: number, item: LogItem): WatchedEntry {
  // Of what only a newer release knows, nothing can be shown here.
  const entry = isHole(item) ? undefined : entryOrNothing(item);
  return {
    kind: 'entry',
    log: shortLogName(log),
    member: parseLogName(log).member ?? 'registry',
    index,
    entry: hexText(leafHashOf(item)),
    ...(entry === undefined ? { record: null } : said(entry, (sealed) => open(sealed, log, index))),
  };
}

/** What the entry says in our JSON form; of a sealed one, what is in it where this member can read it. */
function said(
  entry: Entry,
  open: (entry: SealedEntry) => SealableStatement | undefined,
): Pick<WatchedEntry, 'record' | 'statement'> {
  const json = statementToJson(entry);
  if (entry.statement.case === 'mediaRecord' || json === null) return { record: json };
  const statement = isSealedEntry(entry) ? openedOrNothing(entry, open) : undefined;
  if (statement === undefined) return { record: null, statement: json };
  return { record: null, statement: { ...(json as object), statement: statementToJson({ statement }) } };
}

function openedOrNothing(
  entry: SealedEntry,
  open: (entry: SealedEntry) => SealableStatement | undefined,
): SealableStatement | undefined {
  try {
    return open(entry);
  } catch (error) {
    // Why it does not open stands in the operations log.
    if (error instanceof Failure) return undefined;
    throw error;
  }
}
