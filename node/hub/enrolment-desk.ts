// What the hub answers at the enrolment listener, one call at a time: two calls with one token must not both
// find it unused. Every refusal is told to the audit with the reason.

import { encodePem } from '../../certs/pem.js';
import { publicKeyOf } from '../../certs/rsa.js';
import type { EnrolmentHandlers } from '../enrolment/server.js';
import { Failure } from '../failure.js';
import { parseAddress } from '../home/address.js';
import { LYON, type MemberCode, parseMemberCode } from '../names.js';
import { quoted } from '../statements/quoted.js';
import { type Certified, certify } from './certifier.js';
import { confirmMember } from './confirm.js';
import { enrolMember } from './enrol.js';
import type { EnrolmentAround } from './enrolment-around.js';
import { renewMember } from './renew.js';

export interface EnrolmentDesk extends EnrolmentHandlers {
  /** Lets the keys with this fingerprint in, as the operator typed it. Throws EnrolmentRefused, BadFile. */
  confirm(member: MemberCode, fingerprint: string): Promise<void>;
  /** The hub's own next certificate, for the TLS key that it has. Throws as `certify` does. */
  certifyHub(): Promise<Certified>;
}

export function openEnrolmentDesk(around: EnrolmentAround): EnrolmentDesk {
  let last: Promise<unknown> = Promise.resolve();

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  }

  async function audited<T>(
    call: 'enrol' | 'renew',
    member: string,
    from: string,
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      return await inTurn(work);
    } catch (error) {
      const told = error instanceof Failure ? error : new Failure('internal', 'an error inside the hub');
      const { code, message: reason } = told;
      around.audit({ kind: 'enrolment-refused', member: codeOrQuote(member), from, call, code, reason });
      throw error;
    }
  }

  return {
    enrol: (request, from) =>
      audited('enrol', request.member, from, () => enrolMember(around, request, from)),
    renew: (request, from) => audited('renew', request.member, from, () => renewMember(around, request)),
    confirm: (member, fingerprint) => inTurn(() => confirmMember(around, member, fingerprint)),
    certifyHub() {
      const { federation, tls } = around.identity;
      const { exchange, enrolment } = federation.hub;
      const publicKeyPem = encodePem('PUBLIC KEY', publicKeyOf(tls.keyPem));
      const hosts = [exchange, enrolment].map((address) => parseAddress(address).host);
      return inTurn(() => certify(around, { member: LYON, publicKeyPem, hosts }));
    },
  };
}

/** What a caller calls itself: a code as it is, anything else in quotes and cut. */
function codeOrQuote(text: string): string {
  try {
    return parseMemberCode(text);
  } catch {
    return quoted(text);
  }
}
