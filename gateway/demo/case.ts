// The end of the story that the demonstration tells: a child is identified, one member gets a lead that nobody else
// can read, everybody's count goes up, and a record that was wrong is taken back and gone.

import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { FederationFigures, LookupAnswer, RetractionReport } from '../../node/api.js';
import type { Country, DemoFederation } from './federation.js';
import type { FileHashes } from './material.js';

/** Asked again so often, and at most for so long. */
const ASK_MS = 200;
const GIVE_UP_MS = 20_000;

export interface DemoLead {
  readonly from: string;
  readonly to: string;
  readonly seconds: number;
}

export interface DemoRetraction {
  readonly entry: string;
  /** Who has signed that the bytes are gone. */
  readonly confirmed: readonly string[];
}

/** A country identifies the child in a picture, for everybody. Resolves when all count one more. */
export async function identifyChild(
  federation: DemoFederation,
  by: Country,
  file: FileHashes,
  homes: readonly string[],
): Promise<void> {
  const before = await victims(federation, by.home);
  const about = ['--subject', randomUUID(), '--media', file.sha256];
  await federation.processes.icse(['event', 'victim-identified', ...about, '--home', by.home, '--json']);
  for (const home of homes) {
    await until(`${home} counts the child`, async () => (await victims(federation, home)) === before + 1);
  }
}

/** A country asks one other for help, sealed. Resolves when that one has been told. */
export async function sendLead(
  federation: DemoFederation,
  from: Country,
  to: Country,
  file: FileHashes,
): Promise<DemoLead> {
  const sentAt = Date.now();
  const sealed = ['--media', file.sha256, '--to', to.code];
  await federation.processes.icse(['event', 'assistance-asked', ...sealed, '--home', from.home, '--json']);
  const { at } = await to.told(
    (notice) => notice.kind === 'lead' && notice.from === from.code,
    `${to.code} has the lead`,
  );
  return { from: from.code, to: to.code, seconds: (at - sentAt) / 1000 };
}

/** A country takes a record back; all drop its bytes and sign that they have. `record` is a line of JSON. */
export async function takeBack(
  federation: DemoFederation,
  by: Country,
  record: { readonly line: string; readonly sha256: string },
  others: readonly { readonly code: string; readonly home: string }[],
): Promise<DemoRetraction> {
  const { icse } = federation.processes;
  const taken = JSON.parse(await icse(['publish', '-', '--home', by.home, '--json'], record.line)) as {
    index: number;
  };
  const entry = `${by.code}:${taken.index}`;
  const isOnRecord = async (home: string): Promise<boolean> => {
    const answer = JSON.parse(
      await icse(['lookup', record.sha256, '--home', home, '--json']),
    ) as LookupAnswer;
    return answer.records.some(({ member }) => member === by.code);
  };
  for (const { home, code } of others) await until(`${code} has ${entry}`, () => isOnRecord(home));
  await icse(['retract', entry, '--reason', 'entered-in-error', '--home', by.home, '--json']);
  for (const { home, code } of others) {
    await until(`${entry} counts no more at ${code}`, async () => !(await isOnRecord(home)));
  }
  for (const { home } of [by, ...others]) await icse(['purge', '--now', '--home', home, '--json']);
  let report: RetractionReport | undefined;
  await until(`all have signed that ${entry} is gone`, async () => {
    const reports = JSON.parse(
      await icse(['retractions', '--home', by.home, '--json']),
    ) as RetractionReport[];
    report = reports.find((one) => one.entry === entry);
    return report !== undefined && report.pending.length === 0;
  });
  return { entry, confirmed: report?.confirmed ?? [] };
}

async function victims({ processes }: DemoFederation, home: string): Promise<number> {
  const figures = JSON.parse(
    await processes.icse(['figures', '--home', home, '--json']),
  ) as FederationFigures;
  return figures.victimsIdentified;
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const startedAt = Date.now();
  while (!(await holds())) {
    if (Date.now() - startedAt > GIVE_UP_MS) throw new Error(`in vain waited for: ${what}`);
    await pause(ASK_MS);
  }
}
