// Protobuf of 1.25 MB in which two bytes, or one, are enough for an object.

/** The largest envelope that the wire takes, less what wraps the bomb. */
const BOMB_BYTES = 1280 * 1024 - 256;

const UNKNOWN = [0x78, 0x01];
const GROUP = [0x7b];

/** Field 1, 2, 3, ... of what it is said in; see exchange.proto. */
function inside(number: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

function full(of: readonly number[]): Uint8Array {
  return Buffer.from(
    Array(Math.floor(BOMB_BYTES / of.length))
      .fill(of)
      .flat(),
  );
}

type Bombs = Readonly<Record<string, () => Uint8Array>>;

export const BOMBS: { readonly envelopes: Bombs; readonly greetings: Bombs; readonly messages: Bombs } = {
  /** In the place of a frame. */
  envelopes: {
    'unknown fields': () => full(UNKNOWN),
    'groups in one another': () => full(GROUP),
    'empty messages in a frame': () => inside(3, full([0x12, 0x00])),
  },
  /** In the handshake. */
  greetings: {
    'unknown fields in an Open': () => inside(1, full(UNKNOWN)),
    'versions in an Open': () => inside(1, inside(1, full([1]))),
    'unknown fields in a hello': () => inside(2, inside(1, full(UNKNOWN))),
  },
  /** In a frame that is signed. */
  messages: {
    'empty Heads.heads': () => inside(1, full([0x12, 0x00])),
    'empty Segment.entries': () => inside(3, full([0x1a, 0x00])),
    'empty Segment.holes': () => inside(3, full([0x22, 0x00])),
    'empty Segment.proof': () => inside(3, full([0x32, 0x00])),
    'Receipt.holes': () => inside(5, inside(4, full([1]))),
    'unknown fields in a message': () => full(UNKNOWN),
  },
};

/** A message with a segment of so many empty entries. */
export function emptyEntries(log: string, count: number): Uint8Array {
  const entries = Buffer.from(Array(count).fill([0x1a, 0x00]).flat());
  return inside(3, Buffer.concat([inside(1, Buffer.from(log)), entries]));
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) | 0x80);
  }
}
