import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { ClassicLevel } from 'classic-level';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seal, type WrappedKeys } from '../../node/keys/sealing.js';
import type { MemberCode } from '../../node/names.js';
import { tellLeadsOf } from '../../node/notices/leads.js';
import type { LeadNotice } from '../../node/notices/notice.js';
import { openTold, type Told } from '../../node/notices/told.js';
import type { RegistryState } from '../../node/registry/state.js';
import { withEnvelope } from '../../node/statements/build.js';
import { encodeEntry } from '../../node/statements/entry.js';
import {
  type SealableStatement,
  type SealedEntry,
  sealingContext,
} from '../../node/statements/sealed-content.js';
import { uuidText } from '../../node/statements/uuid.js';
import { openerOf } from '../../node/views/opener.js';
import {
  AssessmentSchema,
  EntryReferenceSchema,
  SealedContentSchema,
  SealedSchema,
} from '../../proto/gen/icse/v1/entry_pb.js';
import { random } from '../exchange/random.js';
import { aLead, aSealedEntry, type Seal } from '../exchange/sealed-entries.js';
import { admit, aRegistry, secretsOf } from '../registry/acts.js';
import { FEDERATION, logOf, saidBy } from '../views/records.js';
import { EAGER_BULK, Node, World } from '../views/world.js';

const SUBJECT = random(16);
const CODES = ['AU', 'FR', 'NL'];

/** The views and notices of one member over the world. */
interface Reader {
  readonly node: Node;
  readonly told: Told;
  retire(): Promise<void>;
}

let world: World;
let registry: RegistryState;
let readers: Reader[];
beforeEach(async () => {
  world = new World();
  // The world's logs are of a federation of their own.
  registry = { ...(await aRegistry(CODES.map((code) => admit(code)))).state, federation: FEDERATION };
  readers = [];
});
afterEach(() => Promise.all(readers.map((reader) => reader.retire())));

async function reading(me: string, inBulk = false): Promise<Reader> {
  const directory = await mkdtemp(join(tmpdir(), 'icse-leads-'));
  const db = new ClassicLevel<Uint8Array, Uint8Array>(join(directory, 'told'), {
    keyEncoding: 'view',
    valueEncoding: 'view',
  });
  await db.open();
  const told = await openTold(db);
  const node = await Node.start(world, {
    open: openerOf(FEDERATION, me as MemberCode, secretsOf(me).sealing),
    beforeCommit: (step) => tellLeadsOf(step, { me: me as MemberCode, told, now: () => 0 }),
    ...(inBulk ? { bulk: EAGER_BULK } : {}),
  });
  const reader: Reader = {
    node,
    told,
    async retire() {
      await node.stop();
      await db.close();
      await rm(directory, { recursive: true });
    },
  };
  readers.push(reader);
  return reader;
}

function publishSealed(log: string, seal: Partial<Seal> = {}): Uint8Array {
  const from = log.split('.')[0] as string;
  const entry = aSealedEntry(registry, {
    from,
    to: ['AU'],
    statement: aLead('NL', SUBJECT),
    now: 86_400,
    ...seal,
  });
  world.publish(log, entry);
  return entry;
}

async function leadsOf({ node }: Reader): Promise<string[]> {
  return (await node.leads()).map(({ place, statement }) => `${place} ${statement.case}`);
}

async function told(reader: Reader) {
  await reader.node.views.settled();
  return await reader.told.read(1, 100);
}

describe('a lead', () => {
  it('is told once to the people of a reader, in our JSON form, and not to those of its author', async () => {
    publishSealed('NL', { to: ['FR', 'AU'], keepUntilDay: 200 });
    const [au, nl] = [await reading('AU'), await reading('NL')];
    const notice = {
      sequence: 1,
      kind: 'lead',
      from: 'NL',
      index: 0,
      statement: {
        event: 'victim-identified',
        subject: `NL/${uuidText(SUBJECT)}`,
        keepUntil: '1970-07-20',
        readers: ['AU', 'FR'],
      },
      at: new Date(0).toISOString(),
    };
    expect(await told(au)).toEqual([notice]);
    await au.node.views.rebuild();
    expect(await told(au)).toEqual([notice]);
    expect(await told(nl)).toEqual([]);
    // The author still knows what it has said.
    expect(await leadsOf(nl)).toEqual(['NL:0 event']);
  });

  it('shows nothing to others that hold the bytes, as Lyon does', async () => {
    publishSealed('NL');
    for (const other of ['FR', 'LYON']) {
      const reader = await reading(other);
      expect(await leadsOf(reader)).toEqual([]);
      expect(await told(reader)).toEqual([]);
    }
  });

  it('leaves the views equal for readers, holders and those who have holes', async () => {
    publishSealed('NL');
    world.publish('NL', { sha256: 'cat' });
    const digests = [];
    for (const me of ['AU', 'FR', 'NL', 'LYON']) digests.push(await (await reading(me)).node.viewsDigest());
    const holes = new World();
    holes.publish('NL', undefined, { sha256: 'cat' });
    const outside = await Node.start(holes);
    digests.push(await outside.viewsDigest());
    await outside.stop();
    expect(new Set(digests).size).toBe(1);
  });

  it.each([false, true])(
    'is there however its entry came, and gone when that dies (in bulk: %s)',
    async (inBulk) => {
      const au = await reading('AU', inBulk);
      const late = aSealedEntry(registry, { from: 'NL', to: ['AU'] });
      world.publish('NL', { sha256: 'cat' });
      publishSealed('NL');
      publishSealed('NL', { keepUntilDay: 100 });
      publishSealed('NL');
      world.publish('NL', undefined);
      expect(await leadsOf(au)).toEqual(['NL:1 event', 'NL:2 event', 'NL:3 event']);
      world.fill('NL', 4, late);
      au.node.views.wake([{ log: logOf('NL'), from: 4, to: 5 }]);
      expect(await leadsOf(au)).toEqual(['NL:1 event', 'NL:2 event', 'NL:3 event', 'NL:4 event']);
      world.today = 101;
      expect(await leadsOf(au)).toEqual(['NL:1 event', 'NL:3 event', 'NL:4 event']);
      world.publish('NL', saidBy('NL', { retract: 'NL:1', reason: 'entered-in-error' }));
      expect(await leadsOf(au)).toEqual(['NL:3 event', 'NL:4 event']);
      // With the retraction itself, what it took back is no longer taken back.
      world.cut('NL', 4);
      expect(await leadsOf(au)).toEqual(['NL:1 event', 'NL:3 event']);
      await au.node.restart();
      expect(await leadsOf(au)).toEqual(['NL:1 event', 'NL:3 event']);
      expect((await told(au)).map((notice) => (notice as LeadNotice).index)).toEqual([1, 2, 3, 4]);
    },
  );

  it("that was sealed for a member's former key, or breaks the rules, is passed over and noted", async () => {
    const good = aSealedEntry(registry, { from: 'NL', to: ['AU'] });
    const own = create(EntryReferenceSchema, { member: 'NL', generation: 1, index: 0n });
    const broken: SealableStatement = {
      case: 'assessment',
      value: create(AssessmentSchema, { entry: own, verdict: 2 }),
    };
    for (const [entry, keys, why] of [
      [good, 'AU again', 'the content key is not wrapped for this sealing key'],
      [
        sealedUnchecked(toBinary(SealedContentSchema, create(SealedContentSchema, { statement: broken }))),
        'AU',
        "the sealed statement breaks the rules: entry: NL:0 is the author's own; others assess it",
      ],
      [sealedUnchecked(new Uint8Array()), 'AU', 'the sealed statement breaks the rules: statement: missing'],
    ] as const) {
      const only = new World();
      only.publish('NL', entry);
      const notes: string[] = [];
      const node = await Node.start(only, {
        open: openerOf(FEDERATION, 'AU' as MemberCode, secretsOf(keys).sealing),
        log: { info: (_facts, message) => notes.push(message), error: console.error },
      });
      expect(await node.leads()).toEqual([]);
      expect(notes).toContain(`sealed for this member, and passed over: NL:0: ${why}`);
      await node.stop();
    }
  });
});

/** An entry of NL for AU with whatever it is in it. */
function sealedUnchecked(content: Uint8Array): Uint8Array {
  const salt = random(16);
  const entryWith = (sealed: WrappedKeys, ciphertext = new Uint8Array()): SealedEntry => {
    const value = create(SealedSchema, { ...sealed, wrappedKeys: [...sealed.wrappedKeys], ciphertext });
    const parts = { statement: { case: 'sealed' as const, value }, audience: ['AU'], now: 86_400, random };
    return withEnvelope(parts, salt) as SealedEntry;
  };
  const sealed = seal(
    content,
    ['AU', 'NL'].map((member) => secretsOf(member).sealing.publicKey),
    (keys) => sealingContext(FEDERATION, 'NL' as MemberCode, entryWith(keys)),
    random,
  );
  return encodeEntry(entryWith(sealed, new Uint8Array(sealed.ciphertext)));
}
