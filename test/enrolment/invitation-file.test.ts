import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  BadInvitation,
  type InvitationFile,
  invitationText,
  parseInvitation,
  readInvitationFile,
  writeInvitationFile,
} from '../../node/enrolment/invitation-file.js';
import { loadIdentity } from '../../node/home/identity.js';
import { parseFederationId } from '../../node/names.js';
import { aFolder, aHubHome, NL, random, removeFolders } from '../hub/a-hub.js';

const now = Date.parse('2026-01-01T00:00:00.000Z');
let invitation: InvitationFile;

beforeAll(async () => {
  const { federation, tls } = await loadIdentity(await aHubHome());
  invitation = { ...federation, member: NL, rootPem: tls.rootPem, token: random(32), expires: now + 1000 };
});
afterAll(removeFolders);

const parse = (bytes: Uint8Array | string, at = now) =>
  parseInvitation('nl.invitation', Buffer.from(bytes), at);

describe('an invitation', () => {
  it('is read as it was written, in a file for its owner alone that is never overwritten', async () => {
    const path = join(await aFolder(), 'nl.invitation');
    await writeInvitationFile(path, invitation, random);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const read = await readInvitationFile(path, now);
    expect(invitationText(read)).toBe(invitationText(invitation));
    await expect(writeInvitationFile(path, invitation, random)).rejects.toMatchObject({
      code: 'file-exists',
    });
  });
});

describe('an invitation is refused', () => {
  it.each<[string, object, string]>([
    ['of another version', { version: 2 }, 'another version'],
    ['without a version', { version: undefined }, 'version'],
    ['with a field too many', { hubb: 1 }, 'hubb'],
    ['with a field missing', { rootKey: undefined }, 'rootKey'],
    ['for no member code', { member: 'UK' }, 'member: member code UK is not in ISO 3166-1; write GB'],
    ['with a token that is too short', { token: 'abc' }, 'token: is not 32 bytes in base64url'],
    [
      'with a token in another spelling',
      { token: `${'A'.repeat(43)}=` },
      'token: is not 32 bytes in base64url',
    ],
    ['with a time that is none', { expires: 'tomorrow' }, 'expires: is not a time'],
    ['without addresses of the hub', { hub: { exchange: 'lyon' } }, 'hub.exchange: "lyon" is not host:port'],
    [
      'with a root that does not make its federation',
      { federation: 'ab'.repeat(32) },
      'its root certificate is not the one that makes its federation id',
    ],
    [
      'with a root key for which the root certificate does not vouch',
      { rootKey: Buffer.alloc(32).toString('base64') },
      'its root certificate does not vouch for its root key',
    ],
    ['without a root certificate', { rootCertificate: 'x' }, 'rootCertificate: '],
  ])('%s', (_what, change, reason) => {
    const parsing = () => parse(JSON.stringify({ ...JSON.parse(invitationText(invitation)), ...change }));
    expect(parsing).toThrow(BadInvitation);
    expect(parsing).toThrow(reason);
  });

  it('when it expired, naming both times', () => {
    expect(() => parse(invitationText(invitation), now + 1000)).toThrow(
      'it expired at 2026-01-01T00:00:01.000Z, and it is 2026-01-01T00:00:01.000Z; ask Lyon for a new one',
    );
  });

  it('that is no JSON, no text, or far too long', () => {
    for (const bytes of ['', 'not JSON', Buffer.from([0xff, 0xfe]), '[]', 'null', '1', '{}', '"x"']) {
      expect(() => parse(bytes)).toThrow(BadInvitation);
    }
    expect(() => parse(' '.repeat(40_000))).toThrow('over 32768 bytes');
  });

  it('that is not there, is a directory, or is long', async () => {
    const folder = await aFolder();
    await expect(readInvitationFile(join(folder, 'none'), now)).rejects.toThrow('there is no file');
    await expect(readInvitationFile(folder, now)).rejects.toMatchObject({ code: 'bad-invitation' });
    await writeFile(join(folder, 'long'), Buffer.alloc(10_000_000));
    await expect(readInvitationFile(join(folder, 'long'), now)).rejects.toThrow('over 32768 bytes');
  });

  it('of hostile bytes with BadInvitation and nothing else', () => {
    const text = invitationText(invitation);
    const cut = fc.record({ at: fc.nat(text.length), with: fc.string(), drop: fc.nat(20) });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), cut), (input) => {
        const bytes =
          input instanceof Uint8Array
            ? input
            : Buffer.from(text.slice(0, input.at) + input.with + text.slice(input.at + input.drop));
        try {
          parse(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(BadInvitation);
        }
      }),
      { numRuns: 300 },
    );
    expect(parseFederationId(parse(text).federation)).toBe(invitation.federation);
  });
});
