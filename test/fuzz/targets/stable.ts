// What is true of a message in any encoding: it prints to bytes that read as the same message.

import { type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { isSame, promise } from '../target.js';

/** Promises that the message survives being written and read. */
export function promiseStable<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): void {
  const printed = toBinary(schema, message);
  const again = toBinary(schema, fromBinary(schema, printed));
  promise(isSame(printed, again), `the ${schema.name} is another one after it was written and read`);
}
