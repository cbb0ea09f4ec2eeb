// GET /show?thing=...: all that is known of a hash, a subject or a series, as one value.

import { z } from 'zod';
import { firstIssue } from '../../node/home/document.js';
import { answerJson, BadCall } from './answers.js';
import type { Routes } from './routing.js';

/** `photodna:` and 192 characters. */
const MAX_THING_CHARACTERS = 201;

const ShowQuery = z.strictObject({
  thing: z.string('is missing').max(MAX_THING_CHARACTERS, 'is longer than any thing'),
});

export const showRoutes: Routes = {
  'GET /show': async ({ api, query, response }) => {
    const parsed = ShowQuery.safeParse(Object.fromEntries(query));
    if (!parsed.success) throw new BadCall(`GET /show: ${firstIssue(parsed.error)}`, parsed.error);
    answerJson(response, await api.show(parsed.data.thing));
  },
};
