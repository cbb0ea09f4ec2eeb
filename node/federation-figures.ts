// The figures of the federation, put together from the views that count.

import type { FederationFigures, MemberFigures } from './api.js';
import type { Views } from './views/driver.js';
import type { Figure } from './views/figures.js';
import type { SubjectCounts } from './views/tallies.js';

/** In all and by member. */
export async function federationFigures(
  views: Pick<Views, 'figures' | 'tallies'>,
): Promise<FederationFigures> {
  const [records, tallies] = await Promise.all([views.figures(), views.tallies()]);
  const recordsOf = new Map(records.members.map((figure) => [figure.member, figure]));
  const codes = [...new Set([...recordsOf.keys(), ...tallies.members.keys()])].sort();
  return {
    ...figuresOf(tallies.all, records),
    byMember: codes.map((member) => ({
      member,
      ...figuresOf(tallies.members.get(member) ?? {}, recordsOf.get(member)),
    })),
    months: tallies.months,
  };
}

function figuresOf(subjects: SubjectCounts, figure: Figure | undefined): MemberFigures {
  return {
    victimsIdentified: subjects['victim-identified'] ?? 0,
    victimsSafeguarded: subjects['victim-safeguarded'] ?? 0,
    suspectsIdentified: subjects['suspect-identified'] ?? 0,
    suspectsArrested: subjects['suspect-arrested'] ?? 0,
    placesIdentified: subjects['place-identified'] ?? 0,
    records: figure?.records ?? 0,
    overlaps: figure?.overlaps ?? 0,
  };
}
