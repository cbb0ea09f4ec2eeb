// What members think of an entry, in words.

import type { Tally } from '../../node/api.js';

/** `AU agrees, NL and US dispute`. */
export function tallyText(tally: Tally | undefined): string {
  if (tally === undefined) return '';
  const said = (members: readonly string[], verb: string): string[] => {
    if (members.length === 0) return [];
    return [`${members.join(' and ')} ${verb}${members.length === 1 ? 's' : ''}`];
  };
  return [...said(tally.agree, 'agree'), ...said(tally.dispute, 'dispute')].join(', ');
}
