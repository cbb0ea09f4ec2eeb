import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Blocks, pageOf, readBlocks } from './example-blocks.js';
import { enrolmentExamples } from './example-enrolment.js';
import { exchangeExamples } from './example-exchange.js';
import { keyExamples } from './example-keys.js';
import { logExamples } from './example-logs.js';
import { sealedExamples } from './example-sealed.js';
import type { Examples } from './examples.js';

const blocks = readBlocks(readFileSync(new URL('../../docs/PROTOCOL.md', import.meta.url), 'utf8'));
const examples: Examples = {
  ...keyExamples,
  ...logExamples,
  ...exchangeExamples,
  ...enrolmentExamples,
  ...sealedExamples,
};

/** Digits of a block that are altered in turn, the first and the last among them: every one would take minutes. */
const ALTERED = 8;

const blocksOf = (example: string) =>
  [...blocks.keys()].filter((name) => name === example || name.startsWith(`${example}.`));

describe('the worked examples of the protocol', () => {
  for (const [name, check] of Object.entries(examples)) {
    it(`${name} is what production code makes`, () => check(pageOf(blocks)));

    it(`${name} cannot have another digit`, async () => {
      expect(blocksOf(name)).not.toEqual([]);
      for (const block of blocksOf(name)) {
        for (const [at, altered] of alterations(block)) {
          const outcome = await outcomeOf(() => check(pageOf(altered)));
          expect(outcome, `${block}, character ${at}`).toBe('fails');
        }
      }
    });
  }

  it('are all checked', () => {
    const checked = Object.keys(examples).flatMap(blocksOf);
    expect(checked.toSorted()).toEqual([...blocks.keys()].toSorted());
  });
});

async function outcomeOf(check: () => void | Promise<void>): Promise<'passes' | 'fails'> {
  try {
    await check();
    return 'passes';
  } catch {
    return 'fails';
  }
}

/** The document with one digit of the block replaced by another, for digits all over the block. */
function* alterations(name: string): Generator<[at: number, altered: Blocks]> {
  const { kind, text } = blocks.get(name) as { kind: string; text: string };
  const places = [...text.matchAll(/[0-9a-f]/g)].map(({ index }) => index);
  const step = Math.max(1, (places.length - 1) / (ALTERED - 1));
  for (let i = 0; Math.round(i) < places.length; i += step) {
    const at = places[Math.round(i)] as number;
    const digit = text[at] as string;
    const other = digit === '9' ? '0' : digit === 'f' ? 'a' : String.fromCharCode(digit.charCodeAt(0) + 1);
    yield [at, new Map(blocks).set(name, { kind, text: text.slice(0, at) + other + text.slice(at + 1) })];
  }
}
