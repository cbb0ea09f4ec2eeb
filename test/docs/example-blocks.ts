// The worked examples of a document: fenced blocks whose info string is a kind and a name.
//
//   ```hex entry.media-1.bytes
//   0a10000102030405060708090a0b0c0d0e0f1001…
//   ```
//
// `hex` is bytes, over as many lines as they take; `text` is the text between the fences, with the newline of its
// last line; `json` is a message in protobuf's JSON form with the names of the .proto and bytes in hex, in which
// "@name" stands for the bytes of another block.

import type { MessageShape } from '@bufbuild/protobuf';
import { type DescField, type DescMessage, fromJson, type JsonValue, ScalarType } from '@bufbuild/protobuf';

export interface Block {
  readonly kind: string;
  readonly text: string;
}

export type Blocks = ReadonlyMap<string, Block>;

/** What an example is checked against: what it says of itself, and what production code makes of it. */
export interface Page {
  /** A value that the example begins with. */
  json(name: string): unknown;
  hex(name: string): Uint8Array;
  text(name: string): string;
  /** A message from the block with its fields. */
  message<Desc extends DescMessage>(schema: Desc, name: string): MessageShape<Desc>;
  /** The hex block must have exactly these bytes. */
  is(name: string, bytes: Uint8Array): void;
  /** The text block must have exactly this text. */
  says(name: string, text: string): void;
}

/** The named blocks of a document in Markdown. Two blocks of one name are an error. */
export function readBlocks(markdown: string): Blocks {
  const blocks = new Map<string, Block>();
  for (const match of markdown.matchAll(/^```(hex|text|json) (\S+)\n(.*?)^```$/gms)) {
    const [, kind, name, text] = match as unknown as [string, string, string, string];
    if (blocks.has(name)) throw new Error(`two examples are called ${name}`);
    blocks.set(name, { kind, text });
  }
  return blocks;
}

export function pageOf(blocks: Blocks): Page {
  const page: Page = {
    json: (name) => JSON.parse(textOf('json', name)),
    hex: (name) => bytesOf(textOf('hex', name).replaceAll('\n', '')),
    text: (name) => textOf('text', name),
    message: (schema, name) => fromJson(schema, withBytes(schema, page.json(name), page.hex)),
    is(name, bytes) {
      const [said, made] = [page.hex(name), bytes].map((each) => Buffer.from(each).toString('hex'));
      if (said !== made) throw new Error(`${name} is\n${made}\nand not\n${said}`);
    },
    says(name, text) {
      if (page.text(name) !== text) throw new Error(`${name} is\n${text}\nand not\n${page.text(name)}`);
    },
  };
  return page;

  function textOf(kind: string, name: string): string {
    const block = blocks.get(name);
    if (block?.kind !== kind) throw new Error(`there is no ${kind} example ${name}`);
    return block.text;
  }
}

/** Bytes from lower-case hex. */
export function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  if (!/^(?:[0-9a-f]{2})*$/.test(hex)) throw new Error(`${hex.slice(0, 20)} is not hex`);
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

/** protobuf's JSON form, which has bytes in base64, from ours. */
function withBytes(desc: DescMessage, value: unknown, bytesOfBlock: Page['hex']): JsonValue {
  return Object.fromEntries(
    Object.entries(value as object).map(([name, given]) => {
      const field = desc.fields.find((known) => known.name === name);
      if (field === undefined) throw new Error(`${desc.typeName} has no field ${name}`);
      const one = (item: unknown) => jsonOf(field, item, bytesOfBlock);
      return [name, field.fieldKind === 'list' ? (given as unknown[]).map(one) : one(given)];
    }),
  );
}

function jsonOf(field: DescField, value: unknown, bytesOfBlock: Page['hex']): JsonValue {
  if (field.message !== undefined) return withBytes(field.message, value, bytesOfBlock);
  if (field.scalar !== ScalarType.BYTES) return value as JsonValue;
  const text = value as string;
  const bytes = text.startsWith('@') ? bytesOfBlock(text.slice(1)) : bytesOf(text);
  return Buffer.from(bytes).toString('base64');
}
