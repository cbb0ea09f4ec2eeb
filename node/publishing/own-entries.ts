// Whether what a statement refers to is there: an author is told at once, while others could only make a hole of it.

import type { EntryReference, Retraction } from '../../proto/gen/icse/v1/entry_pb.js';
import { isHole, type LogItem } from '../log/item.js';
import type { Logs } from '../log/logs.js';
import { type LogName, logName, type MemberCode } from '../names.js';
import { isFor } from '../statements/addressee.js';
import { RulesBroken } from '../statements/build.js';
import { referenceText } from '../statements/references.js';
import { isEvent, isRetraction, isSealed } from '../statements/statement-tag.js';
import { uuidText } from '../statements/uuid.js';

export interface Place {
  readonly log: LogName;
  readonly index: number;
}

/** Where the current record of ours with the id stands, as far as is known. */
export type FindRecord = (recordId: Uint8Array) => Promise<Place | undefined>;

/** Throws RulesBroken unless this node has the entry that is referred to. */
export function checkIsThere(field: string, reference: EntryReference, logs: Logs): void {
  const log = logs.get(logOf(reference, logs));
  if (log === undefined || Number(reference.index) >= log.size) {
    throw new RulesBroken([`${field}: ${referenceText(reference)} is not an entry that this node has`]);
  }
}

/** Throws RulesBroken unless an event, or what was sealed for us and may be one, is where the reference leads. */
export async function checkAnswerable(
  field: string,
  reference: EntryReference,
  { logs, me }: { readonly logs: Logs; readonly me: MemberCode },
): Promise<void> {
  checkIsThere(field, reference, logs);
  const item = await itemAt(reference, logs);
  if (item === undefined || isHole(item) || !isFor(me, reference.member as MemberCode, item)) {
    throw new RulesBroken([`${field}: ${referenceText(reference)} cannot be read here`]);
  }
  if (!isEvent(item) && !isSealed(item)) {
    throw new RulesBroken([`${field}: ${referenceText(reference)} is not an event`]);
  }
}

/** Throws RulesBroken unless the retraction takes back something of ours that is still there. */
export async function checkRetractable({ target }: Retraction, logs: Logs, find: FindRecord): Promise<void> {
  if (target.case === 'recordId') {
    if ((await find(target.value)) === undefined) {
      throw new RulesBroken([
        `recordId: ${uuidText(target.value)} is on none of our open records; a sealed one is taken back by its place`,
      ]);
    }
  } else if (target.case === 'entry') {
    checkIsThere('entry', target.value, logs);
    const item = await itemAt(target.value, logs);
    if (item === undefined || isHole(item)) {
      throw new RulesBroken([`entry: the bytes of ${referenceText(target.value)} are gone already`]);
    }
    if (isRetraction(item)) {
      throw new RulesBroken([
        `entry: ${referenceText(target.value)} is a retraction, which cannot be retracted`,
      ]);
    }
  }
}

async function itemAt(reference: EntryReference, logs: Logs): Promise<LogItem | undefined> {
  const index = Number(reference.index);
  const [item] = (await logs.get(logOf(reference, logs))?.read(index, index + 1)) ?? [];
  return item;
}

function logOf({ member, generation }: EntryReference, logs: Logs): LogName {
  return logName(logs.registry.state.federation, member as MemberCode, generation);
}
