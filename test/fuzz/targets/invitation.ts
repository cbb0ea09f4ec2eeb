// Invitation files: what `icse join` trusts from then on.

import { isDeepStrictEqual } from 'node:util';
import { invitationText, parseInvitation } from '../../../node/enrolment/invitation-file.js';
import { NOW } from '../material.js';
import { bytesOf, promise, type Target } from '../target.js';

const MAX_BYTES = 32 * 1024;

export const invitationTarget: Target = {
  name: 'invitation',
  open({ invitation, federation, rootPem }) {
    const samples = [bytesOf(invitation), bytesOf(JSON.stringify(JSON.parse(invitation)))];
    const words = [...new Set(invitation.match(/"[^"]*"/g))].map((word) => word.slice(1, -1));
    return {
      form: 'json',
      maxBytes: MAX_BYTES + 16,
      words,
      sample: (chance) => chance.pick(samples),
      take(input) {
        const read = parseInvitation('the file', input, NOW.getTime());
        promise(read.federation === federation && read.rootPem === rootPem, 'another root was let in');
        const again = parseInvitation('the text', bytesOf(invitationText(read)), NOW.getTime());
        promise(
          isDeepStrictEqual(read, again),
          'the invitation is another one after it was written and read',
        );
      },
    };
  },
};
