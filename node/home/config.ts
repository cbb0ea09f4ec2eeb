// icse.yaml: what an operator may set, in one commented file that create and join write. Reading is strict:
// a wrong key or value is refused with its file and line, and with what is allowed there.
//
//   icse.yaml:7: peers.dail: unknown setting; known here: dial, deny

import { open } from 'node:fs/promises';
import { type CST, Lexer, LineCounter, type Node, Parser, parseDocument, visit } from 'yaml';
import { z } from 'zod';
import { writePrivate } from '../../certs/files.js';
import { Failure } from '../failure.js';
import type { MemberCode } from '../names.js';
import { addressText, parseAddress } from './address.js';
import { memberField, parsedField } from './document-fields.js';

/** Lists of all members that a federation may have fit several times over. */
const MAX_BYTES = 32 * 1024;
const MAX_PEERS = 4096;
/** Settings are three deep. The library calls itself for each level, and a full stack takes the process down. */
const MAX_DEPTH = 16;
/** There are five. The library compares each name with all the others, which takes seconds for thousands. */
const MAX_SETTINGS = 100;
/** A hundred years: longer is a slip of the finger. */
const MAX_JOURNAL_DAYS = 36_525;

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** A configuration that is not taken: `code` is 'bad-config'. `problems` has every one, each a line. */
export class BadConfig extends Failure {
  readonly problems: readonly string[];

  constructor(problems: readonly string[], cause?: unknown) {
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
    super('bad-config', `${problems[0]}${more}`, cause);
    this.problems = problems;
  }
}

export interface NodeConfig {
  /** host:port of the exchange; undefined at a member that only dials. */
  readonly listen?: string | undefined;
  /** host:port of enrolment; at the hub alone. */
  readonly listenEnrol?: string | undefined;
  readonly peers: { readonly dial: readonly MemberCode[]; readonly deny: readonly MemberCode[] };
  readonly journalDays: number;
  readonly logLevel: (typeof LOG_LEVELS)[number];
}

export const DEFAULT_CONFIG: NodeConfig = {
  peers: { dial: [], deny: [] },
  journalDays: 400,
  logLevel: 'info',
};

const listenField = parsedField((text) => addressText(parseAddress(text)));
const peersField = z.array(memberField).max(MAX_PEERS, `at most ${MAX_PEERS} members`);

const ConfigDocument = z
  .strictObject({
    listen: listenField.optional(),
    listenEnrol: listenField.optional(),
    peers: z.strictObject({ dial: peersField.default([]), deny: peersField.default([]) }).prefault({}),
    journalDays: z
      .int(`must be a whole number of days, 1 to ${MAX_JOURNAL_DAYS}`)
      .min(1, 'must be at least 1')
      .max(MAX_JOURNAL_DAYS, `must be at most ${MAX_JOURNAL_DAYS}`)
      .default(DEFAULT_CONFIG.journalDays),
    logLevel: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default(DEFAULT_CONFIG.logLevel),
  })
  .superRefine(({ peers }, context) => {
    for (const [at, code] of peers.dial.entries()) {
      if (!peers.deny.includes(code)) continue;
      context.addIssue({ code: 'custom', path: ['peers', 'dial', at], message: `${code} is under deny too` });
    }
  });

const KNOWN_SETTINGS: ReadonlyMap<string, readonly string[]> = new Map([
  ['', Object.keys(ConfigDocument.shape)],
  ['peers', ['dial', 'deny']],
]);

/** Reads icse.yaml. Throws BadConfig. */
export async function readConfig(path: string): Promise<NodeConfig> {
  return parseConfig(path, await readText(path));
}

/** Reads the text of an icse.yaml; `path` is named in what is refused. Throws BadConfig. */
export function parseConfig(path: string, text: string): NodeConfig {
  const lines = new LineCounter();
  checkShape(path, text);
  // Pretty errors repeat their line and count from the start for each, which takes seconds when all is wrong.
  // Without a level the library writes warnings of its own to standard error.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  if (document.errors.length > 0) {
    const problems = document.errors.map(
      ({ message, pos }) => `${path}:${lines.linePos(pos[0]).line}: ${message}`,
    );
    throw new BadConfig(problems, document.errors[0]);
  }
  visit(document, {
    Alias(_key, { source, range }) {
      const { line } = lines.linePos(range?.[0] ?? 0);
      throw new BadConfig([`${path}:${line}: *${source}: say it in full, aliases are not taken here`]);
    },
  });
  const parsed = ConfigDocument.safeParse(document.toJS() ?? {});
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues
    .flatMap((issue) => problemsOf(issue))
    .map(({ place, sentence }) => {
      const offset = offsetOf(place, document.contents, (at) => document.getIn(at, true));
      const where = z.core.toDotPath(place);
      return `${path}:${lines.linePos(offset).line}: ${where === '' ? '' : `${where}: `}${sentence}`;
    });
  throw new BadConfig(problems, parsed.error);
}

/** Takes the text apart as far as it is safe, and looks how deep and wide it is. */
function checkShape(path: string, text: string): void {
  const lines = new LineCounter();
  lines.addNewLine(0);
  const parser = new Parser(lines.addNewLine);
  for (const lexeme of new Lexer().lex(text)) {
    for (const _ of parser.next(lexeme));
    const innermost = parser.stack.at(-1);
    if (innermost === undefined) continue;
    const refuse = (why: string) =>
      new BadConfig([`${path}:${lines.linePos(parser.offset).line}: more than ${why}`]);
    if (parser.stack.length > MAX_DEPTH) throw refuse(`${MAX_DEPTH} groups deep`);
    if (isGroup(innermost) && innermost.items.length > MAX_SETTINGS) {
      throw refuse(`${MAX_SETTINGS} settings in one group`);
    }
  }
}

function isGroup(token: CST.Token): token is CST.BlockMap | CST.FlowCollection {
  return token.type === 'block-map' || (token.type === 'flow-collection' && token.start.source === '{');
}

interface Problem {
  readonly place: PropertyKey[];
  readonly sentence: string;
}

function problemsOf(issue: z.core.$ZodIssue): Problem[] {
  if (issue.code !== 'unrecognized_keys') return [{ place: issue.path, sentence: sentenceOf(issue) }];
  const known = KNOWN_SETTINGS.get(issue.path.join('.')) ?? [];
  return issue.keys.map((key) => ({
    place: [...issue.path, key],
    sentence: `unknown setting; known here: ${known.join(', ')}`,
  }));
}

function sentenceOf(issue: z.core.$ZodIssue): string {
  return issue.code === 'invalid_type' && !issue.message.startsWith('must')
    ? `must be ${issue.expected === 'array' ? 'a list' : issue.expected === 'object' ? 'a group of settings' : `a ${issue.expected}`}`
    : issue.message;
}

/** Where a setting's own name stands, or what it is an item of: the deepest that the file has. */
function offsetOf(
  place: PropertyKey[],
  contents: unknown,
  nodeAt: (place: PropertyKey[]) => unknown,
): number {
  for (let depth = place.length; depth > 0; depth--) {
    const last = place[depth - 1];
    const parent = depth === 1 ? contents : nodeAt(place.slice(0, depth - 1));
    const items = (parent as { items?: unknown[] } | undefined)?.items ?? [];
    const item =
      typeof last === 'number'
        ? items[last]
        : items.find((pair) => (pair as { key?: { value?: unknown } }).key?.value === last);
    const node = ((item as { key?: Node } | undefined)?.key ?? item) as Node | undefined;
    if (node?.range) return node.range[0];
  }
  return 0;
}

async function readText(path: string): Promise<string> {
  const bytes = Buffer.alloc(MAX_BYTES + 1);
  try {
    const file = await open(path, 'r');
    try {
      const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
      if (bytesRead > MAX_BYTES)
        throw new BadConfig([`${path}: over ${MAX_BYTES} bytes, too long for settings`]);
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, bytesRead));
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof BadConfig) throw cause;
    if (cause instanceof TypeError) throw new BadConfig([`${path}: not a text file in UTF-8`], cause);
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new BadConfig([missing ? `${path}: there is no such file` : (cause as Error).message], cause);
  }
}

/** Writes icse.yaml with its comments. Throws BadFile. */
export function writeConfig(path: string, config: NodeConfig): Promise<void> {
  return writePrivate(path, configText(config));
}

/** The text of an icse.yaml with its comments. */
export function configText({ listen, listenEnrol, peers, journalDays, logLevel }: NodeConfig): string {
  const list = (codes: readonly MemberCode[]) => `[${codes.join(', ')}]`;
  const listening =
    listen === undefined
      ? `# This node only dials. To be dialled, name host:port here and ask Lyon to amend your address.
# listen: 192.0.2.7:7001`
      : `# host:port at which other members' nodes reach this one. Where the registry says another address
# (behind a router, say), this may be 0.0.0.0:PORT.
listen: ${JSON.stringify(listen)}`;
  const enrolment =
    listenEnrol === undefined
      ? ''
      : `
# host:port at which members join and renew their certificates; invitations name it.
listenEnrol: ${JSON.stringify(listenEnrol)}
`;
  return `# The settings of this ICSE node. Check a change with: icse config check --home DIR
# Changes take effect at the next start.

${listening}
${enrolment}
peers:
  # Members to dial directly, beside Lyon: their data comes without Lyon, too.
  dial: ${list(peers.dial)}
  # Members whose streams are refused here.
  deny: ${list(peers.deny)}

# Days that the journal of what this node did is kept.
journalDays: ${journalDays}

# ${LOG_LEVELS.join(', ')}
logLevel: ${logLevel}
`;
}
