// The JSON documents of a home: for its owner alone, read strictly and within a bound, replaced whole or not
// at all. What the program wrote it reads back exactly; anything else was changed by hand and is named.

import { z } from 'zod';
import { writePrivate } from '../../certs/files.js';
import { Failure } from '../failure.js';
import { BadPrivateFile, readPrivateFile } from '../keys/private-file.js';

/** A document that is not as it was written: `code` is 'bad-document'. */
export class BadDocument extends Failure {
  constructor(message: string, cause?: unknown) {
    super('bad-document', message, cause);
  }
}

/** Reads a document. Throws BadDocument, BadPrivateFile. */
export async function readDocument<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  maxBytes: number,
): Promise<z.output<Schema>> {
  const text = await readPrivateFile(path, maxBytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new BadDocument(`${path} is damaged (${(cause as Error).message}): restore it from a copy`, cause);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new BadDocument(`${path}: ${firstIssue(parsed.error)}: restore it from a copy`, parsed.error);
}

/** The document, or undefined when there is none. Throws BadDocument, BadPrivateFile. */
export async function readDocumentIfAny<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  maxBytes: number,
): Promise<z.output<Schema> | undefined> {
  try {
    return await readDocument(path, schema, maxBytes);
  } catch (error) {
    if (error instanceof BadPrivateFile && error.code === 'file-missing') return undefined;
    throw error;
  }
}

/** Writes a document, on disk when it resolves. Throws BadFile. */
export function writeDocument(path: string, value: object): Promise<void> {
  return writePrivate(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** The first thing that is wrong, with its place: `hub.keys.log: ...`. */
export function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  if (issue === undefined) return 'it is not as it should be';
  const place = z.core.toDotPath(issue.path);
  return place === '' ? issue.message : `${place}: ${issue.message}`;
}
