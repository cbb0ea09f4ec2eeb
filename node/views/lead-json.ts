// A lead as people and programs see it: our JSON form of what was sealed, and for whom.

import { statementToJson } from '../statements/statement-json.js';
import type { FreshLead } from './lead-rows.js';
import { entryOf } from './live-statements.js';

export function leadJson({
  statement,
  sealed,
}: Pick<FreshLead, 'statement' | 'sealed'>): Record<string, unknown> {
  const { handling } = entryOf(sealed);
  const said = statementToJson({ statement, ...(handling === undefined ? {} : { handling }) });
  return { ...(said as object), readers: handling?.audience ?? [] };
}
