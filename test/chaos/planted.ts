// Bugs planted on purpose, to show that the simulator finds such bugs: each is one change in the compiled code of a
// copy of this program, which then lives through histories until one fails. Production sources have no switch for
// it. A text that is no longer there, or is there twice, is an error: the plant has to follow the code.

import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

interface Plant {
  readonly name: string;
  /** From the root of the compiled code. */
  readonly file: string;
  readonly change: readonly [found: string, put: string][];
}

const COMMIT = 'await store.commit([{ log, expected: storedHead, head, puts, deletes }]);';

export const PLANTS: readonly Plant[] = [
  {
    name: 'acknowledgement before sync',
    file: 'node/log/write-chain.js',
    change: [[COMMIT, 'store.commit([{ log, expected: storedHead, head, puts, deletes }]).catch(() => {});']],
  },
  {
    name: 'receipt before sync',
    file: 'node/log/write-chain.js',
    change: [[COMMIT, `if (!log.includes('/registry')) { durable = after; written(); } ${COMMIT}`]],
  },
  {
    name: 'cut checked on arrival only',
    file: 'node/log/write-chain.js',
    change: [
      ['check(after, durable);', ''],
      ['const write = lastWrite.then(', 'check(after, durable); const write = lastWrite.then('],
    ],
  },
  {
    name: 'cut not checked',
    file: 'node/log/log-rules.js',
    change: [['if (size > cut.size)', 'if (false)']],
  },
  {
    name: 'own-log check skipped',
    file: 'node/exchange/own-log.js',
    change: [['let ready = false;', 'let ready = true;']],
  },
  {
    name: 'proof to the checkpoint not checked',
    file: 'node/log/verify-segment.js',
    change: [['if (!verifyConsistency(base.size,', 'if (false && !verifyConsistency(base.size,']],
  },
  {
    name: 'overlap of a segment taken twice',
    file: 'node/log/verify-segment.js',
    change: [['segmentItems(segment).slice(range.size - from)', 'segmentItems(segment)']],
  },
  {
    name: 'signature of frames not checked',
    file: 'node/exchange/frames.js',
    change: [['if (!verify(publicKey,', 'if (false && !verify(publicKey,']],
  },
  {
    name: 'signature of checkpoints not checked',
    file: 'node/tlog/note.js',
    change: [['if (!verifier.verify(text,', 'if (false && !verifier.verify(text,']],
  },
  {
    name: 'false fault passed over',
    file: 'node/exchange/log-work.js',
    change: [
      [
        'throw new Refusal(ByeCode.PROOF, `the fault of',
        'return; throw new Refusal(ByeCode.PROOF, `the fault of',
      ],
    ],
  },
  {
    name: 'fork kept to oneself',
    file: 'node/exchange/exchange.js',
    change: [["other.session.say({ case: 'fault', value: fault });", ';']],
  },
  {
    name: 'notes of others not compared',
    // Of heads and of receipts: either finds what the other does, and who finds a fork tells all.
    file: 'node/log/comparing-notes.js',
    change: [['if (log.isFrozen())\n                return undefined;', 'return undefined;']],
  },
  {
    name: 'views count beyond the cut',
    file: 'node/views/log-source.js',
    change: [['cut?.size ?? Number.MAX_SAFE_INTEGER', 'Number.MAX_SAFE_INTEGER']],
  },
  {
    name: 'the suspended keep their streams',
    file: 'node/exchange/admission.js',
    change: [['if (now?.suspended === true)', 'if (false)']],
  },
  {
    name: 'new logs not asked for',
    file: 'node/exchange/consumer.js',
    change: [['if (!compared)\n                return;', 'return;']],
  },
  {
    name: 'timers of ended links go on',
    file: 'node/exchange/link.js',
    change: [['stopTicks();', ';']],
  },
  {
    name: 'a gap is not asked for again',
    file: 'node/exchange/log-work.js',
    change: [['askAgain(name);\n                return;', 'return;']],
  },
  {
    name: 'sealed entries go to everybody',
    file: 'node/log/read-segment.js',
    change: [['isHole(item) || isFor(reader, author, item)', 'true']],
  },
  {
    name: 'a purge leaves the bytes',
    file: 'node/purging/purge.js',
    change: [['await log.purge(fates);', '']],
  },
  {
    name: 'a purge keeps what has expired',
    file: 'node/purging/fates.js',
    change: [['utcDay(now()) <= keepUntilDay + DAYS_LATE', 'true']],
  },
];

export interface Found {
  readonly name: string;
  /** Histories until the first that failed; null = none did. */
  readonly foundAfter: number | null;
  /** What broke first. */
  readonly by: string | null;
}

/** The source with the bug in it. Throws when it does not have each text that changes once. */
export function withBug(source: string, { file, change }: Plant): string {
  return change.reduce((text, [found, put]) => {
    if (text.split(found).length !== 2)
      throw new Error(`${file} does not have ${JSON.stringify(found)} once`);
    return text.replace(found, () => put);
  }, source);
}

/** Plants one bug in a copy of the compiled program and lives through at most so many histories with it. */
export async function findPlanted(
  compiled: string,
  plant: Plant,
  histories: number,
  seed: number,
): Promise<Found> {
  const copy = await mkdtemp(join(compiled, '..', 'planted-'));
  try {
    await cp(compiled, copy, { recursive: true });
    const file = join(copy, plant.file);
    await writeFile(file, withBug(await readFile(file, 'utf8'), plant));
    let lived = 0;
    while (lived < histories) {
      const next = seed + lived;
      const tried = await livesOf(copy, next, histories - lived, '--until-failure');
      lived += tried.histories;
      const [first] = tried.failures;
      if (first === undefined) continue;
      // What the sound program fails at as well was not planted.
      if ((await livesOf(compiled, first.seed, 1)).failures.length > 0) continue;
      return { name: plant.name, foundAfter: lived, by: `${first.promise}: ${first.what}` };
    }
    return { name: plant.name, foundAfter: null, by: null };
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

interface Lives {
  readonly histories: number;
  readonly failures: readonly { readonly seed: number; readonly promise: string; readonly what: string }[];
}

async function livesOf(root: string, seed: number, histories: number, ...more: string[]): Promise<Lives> {
  const script = join(root, 'test', 'chaos', 'run.js');
  const said = await outputOf(script, [
    '--histories',
    `${histories}`,
    '--seed',
    `${seed}`,
    '--json',
    ...more,
  ]);
  return JSON.parse(said) as Lives;
}

function outputOf(script: string, parameters: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...parameters], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (part: Buffer) => {
      said += part.toString();
    });
    child.on('error', reject);
    child.on('close', () => resolve(said));
  });
}
