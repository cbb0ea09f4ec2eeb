// The acts of the hub's operator. Each says by whom and why, for the log of the node; elsewhere than at the hub
// they are refused.

import { z } from 'zod';
import type { HubApi } from '../../node/api.js';
import { Failure } from '../../node/failure.js';
import { addressField, memberField } from '../../node/home/document-fields.js';
import { answerJson } from './answers.js';
import { readBody } from './body.js';
import type { Call, Handler, Routes } from './routing.js';

/** One line for the journal. */
const line = (max: number) =>
  z
    .string()
    .regex(new RegExp(`^[^\\p{Cc}\\p{Zl}\\p{Zp}]{1,${max}}$`, 'u'), `is one line of 1 to ${max} characters`);

const count = z.int('must be a whole number').min(1, 'must be at least 1');
const quota = z.strictObject({ entries: count, bytes: count });
/** A name of an operating system has at most 32 characters, a person's about as many. */
const byField = line(80);
const reasonField = line(200);

const act = { member: memberField, by: byField, reason: reasonField.exactOptional() };

const InviteBody = z.strictObject({
  ...act,
  name: line(80).exactOptional(),
  address: addressField.exactOptional(),
  quota: quota.exactOptional(),
  confirm: z.boolean(),
  replace: z.boolean(),
});
const ConfirmBody = z.strictObject({ ...act, fingerprint: line(100) });
const AmendBody = z.strictObject({
  ...act,
  address: addressField.exactOptional(),
  quota: quota.exactOptional(),
  appendAlone: z.boolean(),
});
const SuspendBody = z.strictObject({
  ...act,
  at: z.int('must be a whole number').min(0, 'must be at least 0').exactOptional(),
  appendAlone: z.boolean(),
});
const ReinstateBody = z.strictObject({ ...act, accept: z.boolean(), appendAlone: z.boolean() });

export const hubRoutes: Routes = {
  'GET /hub/members': async (call) => answerJson(call.response, await hubOf(call).list()),
  'POST /hub/invite': acting('invite', InviteBody, async (hub, body) => ({
    invitation: await hub.invite(body),
  })),
  'POST /hub/confirm': acting('confirm', ConfirmBody, async (hub, { member, fingerprint, ...ordered }) => {
    await hub.confirm(member, fingerprint, ordered);
    return {};
  }),
  'POST /hub/amend': acting('amend', AmendBody, (hub, body) => hub.amend(body)),
  'POST /hub/suspend': acting('suspend', SuspendBody, (hub, body) => hub.suspend(body)),
  'POST /hub/reinstate': acting('reinstate', ReinstateBody, (hub, body) => hub.reinstate(body)),
};

interface Act {
  readonly member: string;
  readonly by: string;
  readonly reason?: string;
}

/** A route for one act: done, or refused, and either way in the log with by whom and why. */
function acting<Schema extends z.ZodType<Act>>(
  name: string,
  schema: Schema,
  perform: (hub: HubApi, body: z.output<Schema>) => Promise<object>,
): Handler {
  return async (call) => {
    const hub = hubOf(call);
    const body = await readBody(call.request, schema);
    const { member, by, reason } = body;
    const facts = { act: name, member, by, ...(reason === undefined ? {} : { reason }) };
    try {
      const done = await perform(hub, body);
      call.log.info(facts, `member ${name}: done`);
      answerJson(call.response, done);
    } catch (error) {
      if (error instanceof Failure)
        call.log.info({ ...facts, code: error.code }, `member ${name}: ${error.message}`);
      throw error;
    }
  };
}

function hubOf({ api }: Call): HubApi {
  if (api.hub !== undefined) return api.hub;
  throw new Failure(
    'not-the-hub',
    `this is the node of ${api.member}; only the hub in Lyon keeps the list of members: give the command there`,
  );
}
