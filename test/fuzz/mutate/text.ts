// Damage to text: lines and words dropped, doubled and moved, boundary numbers, brackets without end, characters
// that are not what they look like, and lines without end.

import type { Chance } from '../../chaos/chance.js';
import { BOUNDARY_NUMBERS, damageBytes, type Sampler } from './bytes.js';

const ODD = [
  '\u0000',
  '\u0001',
  '\t',
  '\r',
  '\r\n',
  '\n\n',
  '\u001b[2J',
  '\u007f',
  '\u0085',
  '\u00a0',
  '\u00ad',
  '\u2028',
  '\u200b',
  '\u2014',
  '\u202e',
  '\ufeff',
  '\ufffd',
  '\ud83d\ude00',
  'e\u0301',
  '\uff11',
  '"',
  "'",
  '\\',
  '\\u0000',
  '%00',
  '+',
  ' ',
  ':',
  ',',
  ';',
  '=',
  '#',
  '&a',
  '*a',
  '!!binary',
  '<<',
  '- ',
  '? ',
  '| ',
  '> ',
  '{',
  '}',
  '[',
  ']',
  '--- ',
  '...',
  '__proto__',
  'constructor',
  'null',
  'true',
  'NaN',
  '-0',
  '1e999',
  '-1',
  '0x10',
  '.5',
  '\u{10ffff}',
];
const NESTING = ['[', '{', '(', '{"a":', '[[', '- ', '{a: ', '? ', '"', '!t ', '&a ', '> ', "'", '\\'];

/** One damage; `words` are pieces that mean something where the text is read. */
export function damageText(
  input: Uint8Array,
  chance: Chance,
  sample: Sampler,
  words: readonly string[],
): Uint8Array {
  if (chance.happens(0.2)) return damageBytes(input, chance, sample);
  return new Uint8Array(Buffer.from(damage(Buffer.from(input).toString('utf8'), chance, sample, words)));
}

function damage(text: string, chance: Chance, sample: Sampler, words: readonly string[]): string {
  const at = chance.int(0, text.length);
  const [before, after] = [text.slice(0, at), text.slice(at)];
  switch (chance.int(0, 9)) {
    case 0:
      return before + chance.pick(ODD) + after;
    case 1:
      return before + (words.length > 0 ? chance.pick(words) : '') + after.slice(chance.int(0, 6));
    case 2:
      return replaceOne(text, /\d+/g, String(number(chance)), chance);
    case 3:
      return replaceOne(text, /[A-Za-z]+/g, words.length > 0 ? chance.pick(words) : chance.pick(ODD), chance);
    case 4: {
      const times = chance.happens(0.1) ? chance.int(1000, 9000) : chance.int(2, 60);
      return before + chance.pick(NESTING).repeat(times) + after;
    }
    case 5:
      return lines(text, chance, (all, index) => all.filter((_, n) => n !== index));
    case 6:
      return lines(text, chance, (all, index) =>
        all.flatMap((line, n) => (n === index ? [line, line] : [line])),
      );
    case 7:
      return lines(text, chance, (all, index) => [...all.slice(index), ...all.slice(0, index)]);
    case 8: {
      const long = chance.happens(0.1) ? 70_000 : chance.int(1, 300);
      return before + chance.pick(['a', '0', ' ', '=', 'A', '\u00e9', '"']).repeat(long) + after;
    }
    default: {
      const other = Buffer.from(sample(chance)).toString('utf8').split('\n');
      return lines(text, chance, (all, index) => [
        ...all.slice(0, index),
        chance.pick(other),
        ...all.slice(index),
      ]);
    }
  }
}

/** Whole numbers at the boundaries, and what only looks like one. */
function number(chance: Chance): string {
  const value = chance.pick(BOUNDARY_NUMBERS);
  return chance.pick([
    String(value),
    `-${value}`,
    `0${value}`,
    `${value}.5`,
    `${value}e3`,
    `+${value}`,
    '١٢',
  ]);
}

function replaceOne(text: string, pattern: RegExp, by: string, chance: Chance): string {
  const found = [...text.matchAll(pattern)];
  if (found.length === 0) return text + by;
  const { index, 0: match } = chance.pick(found);
  return text.slice(0, index) + by + text.slice(index + match.length);
}

function lines(text: string, chance: Chance, change: (all: string[], index: number) => string[]): string {
  const all = text.split('\n');
  return change(all, chance.int(0, all.length - 1)).join('\n');
}
