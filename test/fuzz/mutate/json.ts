// Damage to JSON that leaves it JSON: values of another kind, dropped, doubled and unknown keys, nesting.

import type { Chance } from '../../chaos/chance.js';
import { BOUNDARY_NUMBERS, type Sampler } from './bytes.js';
import { damageText } from './text.js';

const MANY = 2000;
const MOST_CHARACTERS = 1_000_000;

/** One damage; text that is no JSON, and now and then JSON too, is damaged as text. */
export function damageJson(
  input: Uint8Array,
  chance: Chance,
  sample: Sampler,
  words: readonly string[],
): Uint8Array {
  if (chance.happens(0.35)) return damageText(input, chance, sample, words);
  const text = Buffer.from(input).toString('utf8');
  try {
    return new Uint8Array(Buffer.from(JSON.stringify(damage(JSON.parse(text), chance, words))));
  } catch {
    return damageText(input, chance, sample, words);
  }
}

function damage(value: unknown, chance: Chance, words: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null || chance.happens(0.1)) return other(value, chance, words);
  if (Array.isArray(value)) return damageList(value, chance, words);
  return damageObject(value as Record<string, unknown>, chance, words);
}

function damageList(list: unknown[], chance: Chance, words: readonly string[]): unknown {
  if (list.length === 0) return [other(undefined, chance, words)];
  const at = chance.int(0, list.length - 1);
  switch (chance.int(0, 4)) {
    case 0:
      return list.filter((_, n) => n !== at);
    case 1:
      return [...list, ...new Array(chance.happens(0.05) ? copiesOf(list[at]) : 1).fill(list[at])];
    default:
      return list.map((item, n) => (n === at ? damage(item, chance, words) : item));
  }
}

/** Many, but of what was made long before not so many that the damage takes the memory, and not the parser. */
function copiesOf(value: unknown): number {
  return Math.min(MANY, Math.ceil(MOST_CHARACTERS / JSON.stringify(value).length));
}

function damageObject(object: Record<string, unknown>, chance: Chance, words: readonly string[]): unknown {
  const keys = Object.keys(object);
  if (keys.length === 0) return { x: other(undefined, chance, words) };
  const key = chance.pick(keys);
  // Entries, so that `__proto__` becomes a key like any other.
  const entries = Object.entries(object);
  switch (chance.int(0, 6)) {
    case 0:
      return Object.fromEntries(entries.filter(([name]) => name !== key));
    case 1: {
      const name = chance.pick(['__proto__', 'constructor', 'toString', 'x', '', `${key} `, ...words]);
      return Object.fromEntries([...entries, [name, object[key]]]);
    }
    case 2:
      return Object.fromEntries(entries.reverse());
    default:
      return Object.fromEntries(
        entries.map(([name, value]) => [name, name === key ? damage(value, chance, words) : value]),
      );
  }
}

function other(value: unknown, chance: Chance, words: readonly string[]): unknown {
  switch (chance.int(0, 9)) {
    case 0:
      return null;
    case 1:
      return Number(chance.pick(BOUNDARY_NUMBERS)) * chance.pick([1, -1, 0.5]);
    case 2:
      return chance.happens(0.5);
    case 3:
      return [value];
    case 4:
      return { value };
    case 5:
      return chance.pick(['', ' ', '0', '-1', '\u0000', '\ud800', 'é', '__proto__', '\u2028', ...words]);
    case 6:
      return 'a'.repeat(chance.pick([1, 31, 32, 33, 64, 254, 4096, 70_000]));
    case 7: {
      let deep: unknown = value;
      for (let n = chance.happens(0.2) ? 1500 : chance.int(1, 80); n > 0; n--)
        deep = chance.happens(0.5) ? [deep] : { a: deep };
      return deep;
    }
    case 8:
      return typeof value === 'string' ? `${value}${value}` : [];
    default:
      return typeof value === 'string' ? value.slice(chance.int(0, value.length)) : {};
  }
}
