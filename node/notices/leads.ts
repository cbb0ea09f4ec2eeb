// Leads: what another member has sealed for this one, told to its people once.
//
//   id = SHA-256("icse lead v1" LF, leaf hash of the entry)

import { createHash } from 'node:crypto';
import { laterLog, type MemberCode } from '../names.js';
import { leafHash } from '../tlog/hash.js';
import { fromBinary } from '../views/binary.js';
import { leadJson } from '../views/lead-json.js';
import type { FreshLead } from '../views/lead-rows.js';
import { indexOf } from '../views/position.js';
import type { Step } from '../views/view.js';
import type { LeadNotice } from './notice.js';
import type { Told, Untold } from './told.js';

export interface LeadsOptions {
  readonly me: MemberCode;
  readonly told: Told;
  /** The time in milliseconds since 1970. */
  readonly now: () => number;
}

/** Tells of the leads in a step of the views. To be called before the step is committed (`beforeCommit`). */
export async function tellLeadsOf(step: Step, { me, told, now }: LeadsOptions): Promise<void> {
  const fromOthers = step.leads.born.filter(({ position }) => step.logs.logAt(position).member !== me);
  if (fromOthers.length === 0) return;
  const at = new Date(now()).toISOString();
  await told.tell(fromOthers.map((lead) => untoldOf(step, lead, at)));
}

function untoldOf(step: Step, { position, statement, sealed }: FreshLead, at: string): Untold {
  const { member, name } = step.logs.logAt(position);
  const body: LeadNotice = {
    kind: 'lead',
    from: member,
    index: indexOf(position),
    ...laterLog(member, name),
    statement: leadJson({ statement, sealed }),
    at,
  };
  const id = createHash('sha256')
    .update('icse lead v1\n')
    .update(leafHash(fromBinary(sealed.bytes)))
    .digest();
  return { id, body };
}
