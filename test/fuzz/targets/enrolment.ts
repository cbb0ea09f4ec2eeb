// Requests to enrol, which reach the hub from strangers: all that is read of one. A stranger can prove its own keys
// over whatever it says, so what lacks nothing but the proofs comes again with them.

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { readRequest } from '../../../certs/request.js';
import { fingerprintOf } from '../../../node/enrolment/fingerprint.js';
import { proveEnrolment, unprovenKey } from '../../../node/enrolment/proofs.js';
import { Failure } from '../../../node/failure.js';
import { addressText, parseAddress } from '../../../node/home/address.js';
import { parseFederationId, parseMemberCode } from '../../../node/names.js';
import { type EnrolRequest, EnrolRequestSchema } from '../../../proto/gen/icse/v1/enrolment_pb.js';
import { MemberKeysSchema } from '../../../proto/gen/icse/v1/registry_pb.js';
import { keysOf, secretsOf } from '../../registry/acts.js';
import { promise, refusedBy, type Target } from '../target.js';

/** As the listener has it (node/enrolment/server.ts). */
const MAX_MESSAGE_BYTES = 16 * 1024;
const HUB = secretsOf('LYON');
const MEMBER = secretsOf('NL');
const LISTENING = ['', 'nl.icse.example:7001', '[2001:db8::7]:7001', '192.0.2.7:65535'];

export const enrolmentTarget: Target = {
  name: 'enrolment',
  open({ federation, requests }) {
    const samples = requests.flatMap((csr) =>
      LISTENING.map((listen) => {
        const token = new Uint8Array(32).fill(1);
        const bare = { federation, member: 'NL', token, keys: keysOf('NL'), csr, listen };
        const request = proveEnrolment(bare, MEMBER, HUB.sealing.publicKey);
        return toBinary(EnrolRequestSchema, request);
      }),
    );
    return {
      form: 'protobuf',
      maxBytes: MAX_MESSAGE_BYTES + 16,
      sample: (chance) => chance.pick(samples),
      take(input) {
        const request = refusedBy('gRPC', () => fromBinary(EnrolRequestSchema, input));
        const applicant = readApplicant(request);
        try {
          readProven(applicant, request);
        } catch (error) {
          if (!(error instanceof Failure) || error.code !== 'bad-proof') throw error;
          const proven = proveEnrolment({ ...request, keys: keysOf('NL') }, MEMBER, HUB.sealing.publicKey);
          readProven(applicant, proven);
        }
      },
    };
  },
};

/** What is read first (node/hub/enrol.ts): who asks. No proof changes it. */
function readApplicant({ federation, member, csr }: EnrolRequest) {
  return {
    federation: parseFederationId(federation),
    member: parseMemberCode(member),
    tlsKeyPem: readRequest(csr),
  };
}

/** The rest, in the same order. */
function readProven(applicant: ReturnType<typeof readApplicant>, request: EnrolRequest): void {
  const unproven = unprovenKey(request, HUB.sealing.secretKey);
  if (unproven !== undefined || request.keys === undefined) {
    throw new Failure('bad-proof', `the ${unproven} key is not proven`);
  }
  const { log, receipt, session, sealing } = request.keys;
  const keys = create(MemberKeysSchema, { log, receipt, session, sealing });
  const fingerprint = fingerprintOf({ ...applicant, keys });
  promise(/^[0-9a-f-]{32,48}$/.test(fingerprint), 'the fingerprint is none that could be read out');
  if (request.listen === '') return;
  const listen = addressText(parseAddress(request.listen));
  promise(addressText(parseAddress(listen)) === listen, 'the address is another one after it was written');
}
