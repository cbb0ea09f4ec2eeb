// The rules of an entry's handling: who may read it, and until when it may be kept.

import type { Handling } from '../../proto/gen/icse/v1/entry_pb.js';
import { LAST_DAY } from './day.js';

/** Adds the rules that the handling of a member's statement breaks; its readers are a matter of sealed.ts. */
export function checkHandling(handling: Handling, isSealed: boolean, reasons: string[]): void {
  if (handling.keepUntilDay > LAST_DAY) {
    reasons.push(`keepUntil: day ${handling.keepUntilDay}, must be at most ${LAST_DAY} (9999-12-31)`);
  }
  if (isSealed) return;
  if (handling.audience.length > 0) {
    reasons.push(
      `audience: ${handling.audience.length} members named, but an audience other than all must be sealed`,
    );
  } else if (handling.keepUntilDay === 0) {
    reasons.push('handling: present but says nothing, must be left out');
  }
}
