// Every parser of bytes that come from outside a node.

import type { Target } from './target.js';
import { certificateTarget } from './targets/certificate.js';
import { configTarget } from './targets/config.js';
import { cosignatureTarget } from './targets/cosignature.js';
import { crlTarget } from './targets/crl.js';
import { csrTarget } from './targets/csr.js';
import { enrolmentTarget } from './targets/enrolment.js';
import { entryTarget } from './targets/entry.js';
import { faultTarget } from './targets/fault.js';
import { federationTarget } from './targets/federation.js';
import { frameTarget } from './targets/frame.js';
import { helloTarget } from './targets/hello.js';
import { importTarget } from './targets/import.js';
import { invitationTarget } from './targets/invitation.js';
import { noteTarget } from './targets/note.js';
import { proofTarget } from './targets/proof.js';
import { purgedUpToTarget } from './targets/purged-up-to.js';
import { receiptTarget } from './targets/receipt.js';
import { sealedContentTarget } from './targets/sealed-content.js';
import { segmentTarget } from './targets/segment.js';
import { socketTarget } from './targets/socket.js';
import { statementTarget } from './targets/statement.js';

export const TARGETS: readonly Target[] = [
  entryTarget,
  sealedContentTarget,
  frameTarget,
  helloTarget,
  segmentTarget,
  receiptTarget,
  purgedUpToTarget,
  noteTarget,
  cosignatureTarget,
  proofTarget,
  certificateTarget,
  csrTarget,
  crlTarget,
  enrolmentTarget,
  invitationTarget,
  federationTarget,
  faultTarget,
  importTarget,
  configTarget,
  statementTarget,
  socketTarget,
];
