// One statement from the command line: sent as its JSON form, answered once it is on disk.

import { Failure } from '../../node/failure.js';
import type { MemberCode } from '../../node/names.js';
import { statementFromJson } from '../../node/statements/statement-json.js';
import type { SaidAnswer } from '../socket/client.js';
import { type HomeOptions, withNode } from './options.js';
import { type Terminal, UsedWrongly } from './terminal.js';

/** Whose a bare UUID is, is for the node to say; here it is only seen whether it is one. */
const SOMEBODY = 'AA' as MemberCode;

/** Publishes the statement and prints where it stands. Throws UsedWrongly, and what the node refuses. */
export async function say(terminal: Terminal, options: HomeOptions, statement: object): Promise<void> {
  checkStatement(statement);
  await withNode(terminal, options, async (node) => {
    for await (const answers of node.publish(oneLine(statement))) {
      for (const text of answers) await tell(terminal, options, JSON.parse(text) as SaidAnswer);
    }
  });
}

/** Throws UsedWrongly with every fault that shows without the node. */
function checkStatement(statement: object): void {
  try {
    statementFromJson(statement, SOMEBODY);
  } catch (error) {
    if (error instanceof Failure) throw new UsedWrongly(error.message);
    throw error;
  }
}

async function tell(terminal: Terminal, options: HomeOptions, answer: SaidAnswer): Promise<void> {
  if ('error' in answer) throw new Failure(answer.error.code, answer.error.message);
  const { member, log = member, index, entry } = answer;
  if (options.json) {
    const later = answer.log === undefined ? {} : { log: answer.log };
    await terminal.printJson({ member, index, ...later, entry });
  } else await terminal.print(`${log}:${index}  ${entry}\n`);
}

async function* oneLine(statement: object): AsyncGenerator<string> {
  yield `${JSON.stringify(statement)}\n`;
}

/** The statement without the fields that were not given. */
export function given(fields: { readonly [field: string]: unknown }): object {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
    ),
  );
}

/** Adds one more value of an option that may be given again. */
export function collected(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

/** `NL,US` as a list of codes. */
export function codesArgument(text: string): string[] {
  return text.split(',');
}
