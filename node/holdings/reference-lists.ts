// The list of holdings that have one hash, as one value: each key with its length before it, two bytes.

import { type Binary, readU16, u16 } from '../views/binary.js';

export function joinReferences(keys: Iterable<Binary>): Binary {
  let list = '';
  for (const key of keys) list += u16(key.length) + key;
  return list;
}

export function splitReferences(list: Binary | undefined = ''): Binary[] {
  const keys: Binary[] = [];
  for (let at = 0; at < list.length; ) {
    const end = at + 2 + readU16(list, at);
    keys.push(list.slice(at + 2, end));
    at = end;
  }
  return keys;
}
