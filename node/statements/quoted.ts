// Text of others in our own sentences: short, in quotes, with control characters escaped, so that a reason
// can be read on one line and carries no free text from an input file into logs.

/** Enough to recognise a value by, too little to tell a story. */
const MAX_QUOTED = 40;

/** The text in quotes, cut to 40 characters. */
export function quoted(text: string): string {
  return text.length > MAX_QUOTED ? `${JSON.stringify(text.slice(0, MAX_QUOTED))}...` : JSON.stringify(text);
}
