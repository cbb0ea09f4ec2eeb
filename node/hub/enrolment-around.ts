// What enrolling, renewing and confirming at the hub work on.

import type { Identity } from '../home/identity.js';
import type { Audit } from './audit.js';
import type { CertifierAround } from './certifier.js';
import type { CrlKeeper } from './crl-keeper.js';
import type { Invitations } from './invitations.js';
import type { RegistryDesk } from './registry-desk.js';

export interface EnrolmentAround extends CertifierAround {
  readonly identity: Identity;
  readonly desk: RegistryDesk;
  readonly invitations: Invitations;
  readonly crl: CrlKeeper;
  readonly audit: Audit;
}
