// What people and tools can ask of a running node: the face that the gateway meets. Plain values, ready to be
// printed as JSON; all bytes are lower-case hex or the text forms of the formats.

import type { MediaRecord } from '../proto/gen/icse/v1/entry_pb.js';
import type { Notice } from './notices/notice.js';
import type { RetractionReport } from './purging/retraction-report.js';
import type { NamedHash } from './statements/hashes.js';
import type { ReadRecord } from './statements/record-json.js';
import type { EventFields, ReadStatement } from './statements/statement-json.js';

export type { Notice } from './notices/notice.js';
export type { RetractionReport } from './purging/retraction-report.js';

export interface PublishedRecord {
  /** `known` when the same content stands under the same id already. */
  readonly outcome: 'taken' | 'known';
  readonly member: string;
  readonly index: number;
  /** Only where it is not the member's first log, as `NL.2`. */
  readonly log?: string;
  readonly recordId: string;
}

export interface PublishedStatement {
  readonly outcome: 'taken';
  readonly member: string;
  readonly index: number;
  /** Only where it is not the member's first log, as `NL.2`. */
  readonly log?: string;
  /** Leaf hash, hex. */
  readonly entry: string;
}

/** The members whose last word on an entry is that it is right, or wrong; sorted. */
export interface Tally {
  readonly agree: readonly string[];
  readonly dispute: readonly string[];
}

export interface RecordAnswer {
  readonly member: string;
  readonly index: number;
  /** Only where it is not the member's first log, as `NL.2`. */
  readonly log?: string;
  readonly recordId: string;
  readonly hashes: Readonly<Record<string, string>>;
  readonly classification: { readonly scheme: string; readonly code: string } | null;
  /** Only where another member assessed it. */
  readonly assessments?: Tally;
}

export interface LookupAnswer {
  readonly hash: string;
  readonly algorithm: string;
  readonly records: readonly RecordAnswer[];
  /** How many of this node's holdings have the hash. */
  readonly holdings: number;
}

/** A thing of a connected part. */
export interface ShownThing {
  /** A hash, or such as `victim:NL/<UUID>`. */
  readonly thing: string;
  /** media, victim, suspect, place, series; subject where no statement says which. */
  readonly kind: string;
  /** Of a medium. */
  readonly algorithm?: string;
}

/** Two things belong together, says an entry. */
export interface ShownEdge {
  readonly from: string;
  readonly to: string;
  /** The word of a relation or of a kind of event; same-file where a record has both hashes. */
  readonly relation: string;
  readonly confidence: string | null;
  readonly by: string;
  readonly entry: string;
  readonly madeAt: string | null;
  /** False: it joins nothing, because an owner's word is missing, a stronger hash contradicts, or there is too much. */
  readonly counts: boolean;
  readonly assessments?: Tally;
}

export interface ShownRecord extends RecordAnswer {
  /** As its author claims, ISO 8601; null when the entry has just gone. */
  readonly madeAt: string | null;
}

export interface ShownEvent extends EventFields {
  readonly kind: string;
  readonly by: string;
  readonly entry: string;
  readonly madeAt: string | null;
  readonly assessments?: Tally;
}

export interface ShownAssessment {
  readonly entry: string;
  readonly by: string;
  readonly verdict: string;
  readonly reason: string | null;
  /** The entry that says so. */
  readonly assessment: string;
  readonly madeAt: string;
}

/** A sealed statement that can be read here. */
export interface ShownLead {
  readonly by: string;
  readonly entry: string;
  readonly madeAt: string;
  /** Our JSON form, with `readers`. */
  readonly statement: Readonly<Record<string, unknown>>;
}

/** All that is known of a thing; no nodes where that is nothing. */
export interface ShowAnswer {
  readonly thing: string;
  readonly nodes: readonly ShownThing[];
  readonly edges: readonly ShownEdge[];
  readonly records: readonly ShownRecord[];
  /** By the times at which their authors made them. */
  readonly events: readonly ShownEvent[];
  readonly assessments: readonly ShownAssessment[];
  /** What was sealed for this member, or by it, about the things that are shown. It joins nothing. */
  readonly leads: readonly ShownLead[];
  /** There is more than is shown. */
  readonly truncated?: boolean;
}

export interface ConnectionStatus {
  readonly member: string;
  readonly direction: 'in' | 'out' | null;
  /** live, catching up, stalled, waiting, out of step, refused, off. */
  readonly state: string;
  /** ISO 8601, UTC. */
  readonly since: string | null;
  readonly why: string;
}

export interface LogStatus {
  /** Member code, or `registry`. */
  readonly member: string;
  readonly log: string;
  readonly size: number;
  readonly state: string;
  readonly since: string | null;
  readonly why: string;
  readonly behind: number;
  /** Places whose bytes are not here and may come. */
  readonly holes: number;
  /** Those of the holes whose bytes are sealed for others: nothing is missing there. */
  readonly notAddressed: number;
  /** Places whose bytes are gone for good: retracted or expired. */
  readonly purged: number;
  /** The author's latest checkpoint, a signed note; null while there is none. */
  readonly checkpoint: string | null;
  /** The log's verifier key in signed-note form. */
  readonly vkey: string;
  readonly receipts: readonly { readonly by: string; readonly size: number; readonly time: string }[];
}

export interface NodeStatus {
  readonly member: string;
  readonly federation: string;
  readonly pid: number;
  readonly software: string;
  /** Publishing is possible. */
  readonly ready: boolean;
  /** Why it is not; empty when it is. */
  readonly why: string;
  readonly listen: string;
  readonly connections: readonly ConnectionStatus[];
  readonly logs: readonly LogStatus[];
  readonly certificate: { readonly notAfter: string };
  readonly warnings: readonly string[];
}

export interface MemberListItem {
  readonly member: string;
  readonly name: string | null;
  readonly state: string;
  readonly address: string;
  readonly connected: boolean;
  readonly lastSeen: string | null;
  /** Entries that the member's receipts lack, over all logs; null when it has given none. */
  readonly lag: number | null;
  readonly certificate: { readonly notAfter: string; readonly serial: string } | null;
  readonly invitation: { readonly state: string; readonly expires: string } | null;
}

/** Who ordered an act and why: for the journal at home. */
export interface Ordered {
  readonly by?: string | undefined;
  readonly reason?: string | undefined;
}

export interface InviteRequest extends Ordered {
  readonly member: string;
  readonly name?: string;
  readonly address?: string;
  readonly quota?: { readonly entries: number; readonly bytes: number };
  readonly confirm: boolean;
  readonly replace: boolean;
}

export interface SuspendRequest extends Ordered {
  readonly member: string;
  /** Sets the cut back to this size; absent = what the hub holds. */
  readonly at?: number;
  readonly appendAlone: boolean;
}

export interface ReinstateRequest extends Ordered {
  readonly member: string;
  /** Entries above the cut count again, and the log goes on. */
  readonly accept: boolean;
  readonly appendAlone: boolean;
}

export interface AmendRequest extends Ordered {
  readonly member: string;
  readonly address?: string;
  readonly quota?: { readonly entries: number; readonly bytes: number };
  readonly appendAlone: boolean;
}

/** The operator's acts; only the hub has them. */
export interface HubApi {
  list(): Promise<MemberListItem[]>;
  /** The content of the invitation file: secret until used. */
  invite(request: InviteRequest): Promise<string>;
  confirm(member: string, fingerprint: string, ordered?: Ordered): Promise<void>;
  amend(request: AmendRequest): Promise<{ index: number }>;
  suspend(request: SuspendRequest): Promise<{ index: number; cut: number }>;
  reinstate(request: ReinstateRequest): Promise<{ index: number; log: string }>;
}

export interface HoldingItem {
  readonly hashes: Readonly<Record<string, string>>;
  readonly label: string | null;
}

export interface ViewsStatus {
  readonly at: Readonly<Record<string, number>>;
  readonly viewsDigest: string;
  readonly views: readonly {
    readonly name: string;
    readonly version: number;
    readonly behind: number;
    readonly digest: string;
  }[];
}

export interface MemberFigures {
  /** Distinct, as far as is known. */
  readonly victimsIdentified: number;
  readonly victimsSafeguarded: number;
  readonly suspectsIdentified: number;
  readonly suspectsArrested: number;
  readonly placesIdentified: number;
  readonly records: number;
  /** Hashes on record with two or more members; of a member: with it and another. */
  readonly overlaps: number;
}

export interface FederationFigures extends MemberFigures {
  /** By code; members without any are left out. */
  readonly byMember: readonly (MemberFigures & { readonly member: string })[];
  /** Live events by the month in which they were made, as their authors claim. */
  readonly months: readonly {
    /** YYYY-MM, UTC. */
    readonly month: string;
    readonly events: { readonly [kind: string]: number };
  }[];
}

/** What a purge did. */
export interface PurgeAnswer {
  /** Entries whose bytes were dropped. */
  readonly purged: number;
  /** The same by the reason that their holes bear. */
  readonly holes: { readonly retracted: number; readonly expired: number };
  /** Entries that may no longer be kept and stay until clocks agree. */
  readonly waiting: number;
  readonly seconds: number;
}

/** An entry as `watch --entries` shows it. */
export interface WatchedEntry {
  readonly kind: 'entry';
  readonly log: string;
  readonly member: string;
  readonly index: number;
  /** Leaf hash, hex. */
  readonly entry: string;
  /** Our JSON form of the record; null for a hole, and for what is no record. */
  readonly record: unknown;
  /** Our JSON form of any other statement. */
  readonly statement?: unknown;
}

/** Entries in each log's order, each once. */
export interface EntryReader {
  /** The next ones, at most `limit`; none when all have been read. One call at a time. */
  read(limit: number): Promise<WatchedEntry[]>;
}

export interface NodeApi {
  readonly member: string;
  /**
   * Publishes a record; resolves once it is on disk under a signed checkpoint. An empty record id is derived
   * from the strongest hash. Throws RulesBroken, NotReady, OverQuota, the store's errors.
   */
  publish(record: MediaRecord, keepUntilDay: number): Promise<PublishedRecord>;
  /** Publishes any other statement, as `publish` does a record. */
  say(read: ReadStatement): Promise<PublishedRecord | PublishedStatement>;
  /** Publishes records, in their order; resolves with the answer to each, or what `publish` would have thrown. */
  publishAll(records: readonly ReadRecord[]): Promise<(PublishedRecord | Error)[]>;
  lookup(hashes: readonly NamedHash[]): Promise<LookupAnswer[]>;
  /**
   * What is connected with a thing: a hash, `victim:NL/<UUID>` and the like, or a bare UUID of this member. Throws
   * BadName, BadHash.
   */
  show(thing: string): Promise<ShowAnswer>;
  status(): Promise<NodeStatus>;
  /** Notices from a sequence number on, at most `limit`. */
  notices(from: number, limit: number): Promise<Notice[]>;
  /** Calls back on each new notice; returns how to stop. */
  onNotice(listener: (notice: Notice) => void): () => void;
  /**
   * A reader of the entries of all logs after the places named (`NL:5`), a log that is not named from its
   * beginning; without places from now on. Throws BadName, and Failure 'unknown-log'.
   */
  entries(after?: readonly string[]): EntryReader;
  /** Calls back when such a reader may have more to read; returns how to stop. */
  onEntries(listener: () => void): () => void;
  addHoldings(
    items: readonly { hashes: readonly NamedHash[]; label?: string }[],
  ): Promise<{ taken: number; known: number }>;
  listHoldings(label?: string): AsyncIterable<HoldingItem>;
  removeHoldings(which: { label: string } | { hashes: readonly NamedHash[] }): Promise<number>;
  views(): Promise<ViewsStatus>;
  figures(): Promise<FederationFigures>;
  rebuildViews(): Promise<void>;
  /** Drops at once what is retracted or may no longer be kept. Throws the store's and the views' errors. */
  purge(): Promise<PurgeAnswer>;
  /** What has become of this member's retractions, in their order. */
  retractions(): Promise<RetractionReport[]>;
  /** The proofs of forks that this node holds, each a document that `icse verify` reads. */
  faults(): Promise<unknown[]>;
  readonly hub?: HubApi;
}
