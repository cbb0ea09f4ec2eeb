// The view of what was sealed for this member, or by it, and could be opened here. It differs from node to node, so it
// is local: no digest covers it. What opens and breaks the rules counts for nothing, and is noted for the operators.

import { Failure } from '../failure.js';
import { positionText } from '../names.js';
import { isSealedEntry } from '../statements/sealed-content.js';
import type { FollowingOptions } from './following.js';
import { deleteLead, type FreshLead, leadsAt, putLead } from './lead-rows.js';
import { noteLeadThings } from './lead-things.js';
import { entryOf } from './live-statements.js';
import { indexOf } from './position.js';
import type { LocalView, Step } from './view.js';

/** The leads that the opener can open; without one there are none. */
export function leadsView({ open, log }: Pick<FollowingOptions, 'open' | 'log'>): LocalView {
  return {
    name: 'leads',
    version: 3,

    async follow(step: Step): Promise<void> {
      if (open === undefined) return;
      const gone = step.statements.died.filter(({ said }) => said.case === 'sealed');
      const died = await leadsAt(
        step.db,
        gone.map(({ position }) => position),
      );
      for (const lead of died) deleteLead(step.db, lead);
      const born: FreshLead[] = [];
      const failures: string[] = [];
      for (const sealed of step.statements.born) {
        const { position, said } = sealed;
        const entry = said.case === 'sealed' ? entryOf(sealed) : undefined;
        if (entry === undefined || !isSealedEntry(entry)) continue;
        const { name } = step.logs.logAt(position);
        try {
          const statement = open(entry, name, indexOf(position));
          if (statement === undefined) continue;
          const lead = { position, statement, sealed };
          putLead(step.db, lead);
          born.push(lead);
        } catch (error) {
          if (!(error instanceof Failure)) throw error;
          failures.push(`${positionText(name, indexOf(position))}: ${error.message}`);
        }
      }
      await noteLeadThings(step.db, born, died);
      if (failures.length > 0) {
        const more = failures.length === 1 ? '' : ` (and ${failures.length - 1} more)`;
        log.info(
          { event: 'not-opened', count: failures.length },
          `sealed for this member, and passed over: ${failures[0]}${more}`,
        );
      }
      step.leads = { born, died };
    },
  };
}
