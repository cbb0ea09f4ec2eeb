// icse import: publishes the records of a file, or keeps its hashes as holdings (--private). What is good is
// taken and counted whatever is bad beside it; --strict takes nothing unless everything is good.

import { Command, InvalidArgumentError, Option } from 'commander';
import { Failure } from '../../node/failure.js';
import { checkLabel } from '../../node/holdings/holding.js';
import { parseDay } from '../../node/statements/day.js';
import { checkClassification } from '../../node/statements/media-record.js';
import { MEDIA_KINDS } from '../../node/statements/vocabulary.js';
import type { MediaKind } from '../../proto/gen/icse/v1/entry_pb.js';
import { BadImport } from '../formats/bad-import.js';
import type { Format } from '../formats/detect.js';
import type { ReadOptions } from '../formats/read-records.js';
import { keepHoldings } from './import-holdings.js';
import { publishRecords } from './import-publish.js';
import { ImportReport } from './import-report.js';
import { type ImportSource, importSource } from './import-source.js';
import { type HomeOptions, homeOf, understood, withHome, withNode } from './options.js';
import { type Progress, progressOf } from './progress.js';
import { Interrupted, type Terminal, UsedWrongly } from './terminal.js';

interface ImportOptions extends HomeOptions {
  readonly private?: boolean;
  readonly label?: string;
  readonly dryRun?: boolean;
  readonly strict?: boolean;
  readonly format: 'auto' | Format;
  readonly kind?: MediaKind;
  readonly classification?: { readonly scheme: string; readonly code: string };
  readonly keepUntil?: number;
}

export function importCommand(terminal: Terminal): Command {
  return withHome(new Command('import'))
    .description(
      'Publishes the records of a file: JSON lines, CSV with a header, or what md5sum, sha1sum and sha256sum write.',
    )
    .argument('<file>', 'the file, or - for standard input')
    .option('--private', 'keep the hashes as holdings: matched against everything, never sent')
    .option('--label <REF>', 'with --private: a reference, kept at home and shown with hits', labelArgument)
    .option('--dry-run', 'read and check only; needs no running node')
    .option('--strict', 'take nothing unless every line is good')
    .addOption(
      new Option('--format <FORMAT>', 'what the file is')
        .choices(['auto', 'jsonl', 'csv', 'checksums'])
        .default('auto'),
    )
    .option(
      '--kind <KIND>',
      `${[...MEDIA_KINDS.valueOf.keys()].join(' or ')}, where the file does not say`,
      kindArgument,
    )
    .option('--classification <SCHEME:CODE>', 'where the file does not say', classificationArgument)
    .option('--keep-until <DAY>', 'last UTC day of keeping, where the file does not say', dayArgument)
    .addHelpText(
      'after',
      `
A file has records alone; events, links, assessments, retractions and what is sealed go through icse publish -.

Examples:
  icse import list.csv --home DIR --kind image --classification NL:1
  sha256sum *.jpg | icse import - --home DIR --private --label case-12
`,
    )
    .action((file: string, options: ImportOptions) => importFile(terminal, file, options));
}

async function importFile(terminal: Terminal, file: string, options: ImportOptions): Promise<void> {
  checkTogether(options);
  // A dry run needs no node; the others fail early where there is no home.
  if (!options.dryRun) homeOf(terminal, options);
  const signal = terminal.interrupted();
  const { strict = false, json = false, dryRun: isDryRun = false } = options;
  const source = await importSource(file, terminal.stdin, { twice: strict && !isDryRun, signal });
  const progress = json ? undefined : progressOf(terminal);
  const report = new ImportReport(terminal, {
    file: source.name,
    json,
    isDryRun,
    progress: progress ?? SILENT,
  });
  try {
    await perform(
      terminal,
      source,
      options,
      report,
      readOptions(options, progress ?? SILENT, signal),
      signal,
    );
  } catch (error) {
    if (!(error instanceof BadImport || error instanceof Interrupted)) throw error;
    if (error instanceof BadImport && error.line !== undefined)
      await report.refuseLine(error.line, error.why);
    else await report.refuseFile(error instanceof BadImport ? error.why : error.message);
  } finally {
    progress?.end();
    await source.close();
  }
  await report.end();
}

const SILENT: Progress = { show() {}, clear() {}, end() {} };

async function perform(
  terminal: Terminal,
  source: ImportSource,
  options: ImportOptions,
  report: ImportReport,
  reading: ReadOptions,
  signal: AbortSignal,
): Promise<void> {
  const { strict = false, dryRun = false, label } = options;
  if (dryRun || strict) {
    const good = await check(source, reading, report);
    if (dryRun) report.taken = good;
    if (dryRun || report.refused > 0) return;
  }
  await withNode(
    terminal,
    options,
    (node) => {
      const records = strict ? unchanged(source, reading) : source.read(reading);
      return options.private
        ? keepHoldings(node, records, label, report)
        : publishRecords(node, records, report);
    },
    signal,
  );
}

/** Reads everything, tells what is refused, and counts what is good. */
async function check(source: ImportSource, reading: ReadOptions, report: ImportReport): Promise<number> {
  let good = 0;
  for await (const batch of source.read(reading)) {
    for (const read of batch) {
      if ('reason' in read) await report.refuseLine(read.line, read.reason);
      else good++;
    }
  }
  return good;
}

/** The second reading of what was found to be good. */
async function* unchanged(source: ImportSource, reading: ReadOptions) {
  for await (const batch of source.read(reading)) {
    if (batch.some((read) => 'reason' in read)) {
      throw new Failure('file-changed', `${source.name} was changed while it was read: import it again`);
    }
    yield batch;
  }
}

function readOptions(options: ImportOptions, progress: Progress, signal: AbortSignal): ReadOptions {
  return {
    format: options.format,
    defaults: { kind: options.kind, classification: options.classification, keepUntilDay: options.keepUntil },
    onProgress: (bytesRead, totalBytes) => progress.show(bytesRead, totalBytes),
    signal,
  };
}

function checkTogether(options: ImportOptions): void {
  if (!options.private) {
    if (options.label !== undefined)
      throw new UsedWrongly('--label goes with --private: published records have no label');
    return;
  }
  for (const name of ['kind', 'classification', 'keepUntil'] as const) {
    if (options[name] === undefined) continue;
    const flag = name === 'keepUntil' ? 'keep-until' : name;
    throw new UsedWrongly(`--${flag} does not go with --private: of holdings only the hashes are kept`);
  }
}

function labelArgument(text: string): string {
  understood(() => checkLabel(text));
  return text;
}

function kindArgument(text: string): MediaKind {
  const kind = MEDIA_KINDS.valueOf.get(text);
  if (kind !== undefined) return kind;
  throw new InvalidArgumentError(`It must be one of ${[...MEDIA_KINDS.valueOf.keys()].join(', ')}.`);
}

function classificationArgument(text: string): { scheme: string; code: string } {
  const [scheme = '', code = '', more] = text.split(':');
  if (more !== undefined) throw new InvalidArgumentError('It must be SCHEME:CODE, such as NL:1.');
  const reasons: string[] = [];
  checkClassification({ scheme, code }, reasons);
  if (reasons.length > 0)
    throw new InvalidArgumentError(`It must be SCHEME:CODE, such as NL:1 (${reasons.join('; ')}).`);
  return { scheme, code };
}

function dayArgument(text: string): number {
  const day = parseDay(text);
  if (day === undefined) throw new InvalidArgumentError('It must be a day such as 2030-12-31.');
  return day;
}
