// The command lines of the programs for developers (chaos, simulate, fuzz, crash-test): options with --help, and a clear
// word on what is given wrongly, exit code 2.

import { Command, InvalidArgumentError } from 'commander';

/** A program that ends with 2 when it is used wrongly. */
export function tool(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .showHelpAfterError('(--help tells more)')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));
}

/** Reads a whole number within the bounds. */
export function wholeNumber(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < from || value > to) {
      throw new InvalidArgumentError(`It must be a whole number from ${from} to ${to}.`);
    }
    return value;
  };
}

/** A seed of 32 bits. */
export const seedNumber = wholeNumber(0, 2 ** 32 - 1);

/** Reads a word of the list. */
export function oneOf(words: readonly string[]): (text: string) => string {
  return (text) => {
    if (!words.includes(text)) throw new InvalidArgumentError(`It must be one of: ${words.join(', ')}.`);
    return text;
  };
}
