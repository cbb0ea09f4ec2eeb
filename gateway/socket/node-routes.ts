// What the node says of itself: its state, its views and figures, what it purges and who has purged, and the proofs
// of others' faults that it holds.

import { answerJson } from './answers.js';
import type { Routes } from './routing.js';

export const nodeRoutes: Routes = {
  'GET /status': async ({ api, response }) => answerJson(response, await api.status()),
  'GET /views': async ({ api, response }) => answerJson(response, await api.views()),
  'GET /figures': async ({ api, response }) => answerJson(response, await api.figures()),
  'POST /views/rebuild': async ({ api, response, log }) => {
    log.info({}, 'the views are rebuilt by command');
    await api.rebuildViews();
    answerJson(response, {});
  },
  'POST /purge': async ({ api, response, log }) => {
    log.info({}, 'a purge by command');
    answerJson(response, await api.purge());
  },
  'GET /retractions': async ({ api, response }) => answerJson(response, await api.retractions()),
  'GET /faults': async ({ api, response }) => answerJson(response, await api.faults()),
};
