// The members of the report: 49 countries and Europol, beside Lyon.

import { type MemberCode, parseMemberCode } from '../../node/names.js';

const CODES =
  'AE AR AT AU BA BE BG BR BY CA CH CL CO CY CZ DE DK EE ES FI FR GB GR HR HU IE IL IT JP KR LT LU LV MD MT MX NL ' +
  'NO NZ PL PT RO RS SE SI SK TR UA US';

/** Those that report, without Lyon, in the order in which they join. */
export const REPORTING: readonly MemberCode[] = [...CODES.split(' '), 'EUROPOL'].map(parseMemberCode);
