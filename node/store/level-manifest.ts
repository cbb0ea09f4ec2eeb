// Which tables a LevelDB consists of, and how long each is, by its manifest; a table that was cut short is
// otherwise found only when somebody reads it. Format: LevelDB's doc/log_format.md and db/version_edit.cc.
//
//   edit     fields, each a tag and its values; numbers are varints, texts a length and bytes
//   07 level number size smallest largest   a table comes in        06 level number   a table goes
//   01 text   02, 03, 04, 09 number   05 level text                 what is not needed here

const BLOCK_BYTES = 32 * 1024;
const HEADER_BYTES = 7;
/** Record types: a whole record, or its first, middle or last part. */
const FULL = 1;
const FIRST = 2;
const MIDDLE = 3;
const LAST = 4;

/** Size in bytes of each live table, by its number. Reads to the first thing that is not understood. */
export function tablesIn(manifest: Uint8Array): Map<number, number> {
  const live = new Map<string, { number: number; sizeBytes: number }>();
  for (const edit of editsIn(manifest)) {
    const { gone, come } = readEdit(edit);
    for (const { level, number } of gone) live.delete(`${level}/${number}`);
    for (const { level, number, sizeBytes } of come) live.set(`${level}/${number}`, { number, sizeBytes });
  }
  return new Map([...live.values()].map(({ number, sizeBytes }) => [number, sizeBytes]));
}

/** The data of whole records, in order. Their checksums are for level-recovery.ts to check. */
function* editsIn(manifest: Uint8Array): Generator<Uint8Array> {
  let parts: Uint8Array[] = [];
  for (let start = 0; start < manifest.length; start += BLOCK_BYTES) {
    const block = manifest.subarray(start, start + BLOCK_BYTES);
    for (let offset = 0; offset + HEADER_BYTES <= block.length; ) {
      const type = block[offset + 6];
      const sizeBytes = (block[offset + 4] as number) | ((block[offset + 5] as number) << 8);
      const from = offset + HEADER_BYTES;
      if (type === undefined || type < FULL || type > LAST || from + sizeBytes > block.length) break;
      if (type === FULL || type === FIRST) parts = [];
      parts.push(block.subarray(from, from + sizeBytes));
      if (type !== FIRST && type !== MIDDLE) yield Buffer.concat(parts);
      offset = from + sizeBytes;
    }
  }
}

interface Edit {
  readonly gone: { level: number; number: number }[];
  readonly come: { level: number; number: number; sizeBytes: number }[];
}

function readEdit(edit: Uint8Array): Edit {
  const result: Edit = { gone: [], come: [] };
  let at = 0;
  const number = (): number => {
    let value = 0;
    for (let factor = 1; at < edit.length; factor *= 128) {
      const byte = edit[at++] as number;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
    }
    return value;
  };
  const skipText = (): void => {
    const sizeBytes = number();
    at += sizeBytes;
  };
  while (at < edit.length) {
    switch (number()) {
      case 1:
        skipText();
        break;
      case 2:
      case 3:
      case 4:
      case 9:
        number();
        break;
      case 5:
        number();
        skipText();
        break;
      case 6:
        result.gone.push({ level: number(), number: number() });
        break;
      case 7:
        result.come.push({ level: number(), number: number(), sizeBytes: number() });
        skipText();
        skipText();
        break;
      default:
        return result;
    }
  }
  return result;
}
