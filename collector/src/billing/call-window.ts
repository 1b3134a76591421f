import type { CallRecord, Key, SpanLink, SpanLinks } from "@lensai/otel-config/billing/call-record";
import { maySpeakOfOneResponse } from "@lensai/otel-config/billing/same-response";
import { areTwins, twinPlaces, twinSearch } from "@lensai/otel-config/billing/twins";
import type { TwinPlace } from "@lensai/otel-config/billing/twins";
import { CallTable } from "./call-table.ts";
import type { RowPlace } from "./call-table.ts";
import { IdHash, hexWord, wordHex } from "./id-hash.ts";
import { KeyLists } from "./key-lists.ts";
import { LinkTable } from "./link-table.ts";
import { RowIds } from "./row-reader.ts";
import type { RowReader } from "./row-reader.ts";

export interface WindowLimits {
  /** Records of one half of the window. */
  readonly halfRecords: number;
  /** Links of one half. */
  readonly halfLinks: number;
}

/**
 * The last call records and parent links, in two halves of which the older one is forgotten as a whole when
 * the newer one is full. So a record is remembered until at least so many others have come: minutes of a busy
 * service, one second of a machine at its limit. What comes later than that is put right when the lake is
 * recomputed. 20 MB.
 */
export const WINDOW_LIMITS: WindowLimits = { halfRecords: 24_576, halfLinks: 65_536 };

/** Slots that are not asked for again. */
export type KnownSlots = Pick<ReadonlySet<number>, "has">;

/** By trace, by response, and as a twin in five places. */
const LISTS_PER_RECORD = 7;
/** Longer lists are of a trace that never ends, or of one response id for all. */
export const WALK_MAX = 1024;
/** Forgotten all at once above this: a cache. */
const SERVICES_MAX = 10_000;
const NO_SERVICE = Number.NaN;
const NONE: KnownSlots = { has: () => false };
const SEVERAL_SCOPES = Number.POSITIVE_INFINITY;
const KIND = { trace: 1, response: 2, counts: 3, counted: 4, uncounted: 5, link: 6 } as const;

export class CallWindow implements SpanLinks {
  readonly table: CallTable;
  /** About the record added last. */
  mayHaveCompany = false;
  private readonly halfRecords: number;
  private readonly lists: readonly [KeyLists, KeyLists];
  private readonly links: LinkTable;
  private readonly hash = new IdHash();
  private readonly ids = new RowIds();
  /** The only scope that reports calls of a service, or SEVERAL_SCOPES. */
  private readonly scopes = new Map<number, number>();
  /** The service of the call before, with its only scope: nearly all calls are like the one before. */
  private readonly lastService = { key: NO_SERVICE, scope: 0 };
  private newer: 0 | 1 = 0;
  /** Records in each half. */
  private readonly used: [number, number] = [0, 0];

  constructor({ halfRecords, halfLinks }: WindowLimits = WINDOW_LIMITS) {
    this.halfRecords = halfRecords;
    this.table = new CallTable(halfRecords * 2);
    const entries = halfRecords * LISTS_PER_RECORD;
    this.lists = [new KeyLists(entries), new KeyLists(entries)];
    this.links = new LinkTable(halfLinks);
  }

  get sizeBytes(): number {
    const lists = this.lists[0].sizeBytes + this.lists[1].sizeBytes;
    return this.table.sizeBytes + lists + this.links.sizeBytes;
  }

  get slotCount(): number {
    return this.halfRecords * 2;
  }

  /**
   * Remembers a row's record; answers its slot, which may have been another's before. `mayHaveCompany` then
   * says whether anything known may speak of the same call: records that come later ask for themselves.
   */
  add(row: RowPlace): number {
    if (this.used[this.newer] === this.halfRecords) this.turn();
    const slot = this.newer * this.halfRecords + this.used[this.newer];
    this.used[this.newer] += 1;
    const { table } = this;
    this.mayHaveCompany = false;
    table.write(slot, row);
    table.setVerdict(slot, table.loneRule(slot), undefined);
    if (table.has(slot, "trace")) {
      this.hashTrace(slot);
      this.join(slot);
    }
    if (table.isCall(slot)) this.fileCall(slot);
    return slot;
  }

  /** Remembers where a span hangs that is no record; answers some record of its trace if that has several. */
  addLink(reader: RowReader, row: number, project: number): number | undefined {
    const { ids, hash } = this;
    reader.readIds(row, ids);
    if (!ids.hasTrace || !ids.hasSpan) return undefined;
    hash.begin(KIND.link).add(project).addAll(ids.trace, 0, 4);
    hash.add(ids.spanHigh).add(ids.spanLow).end();
    const isBoundary = reader.isBoundary(row);
    this.links.set(hash.low, hash.high, {
      parentHigh: ids.parentHigh,
      parentLow: ids.parentLow,
      isBoundary,
    });
    hash.begin(KIND.trace).add(project).addAll(ids.trace, 0, 4).end();
    const found = this.found(2);
    return found.length < 2 ? undefined : found[0];
  }

  /** Records of the same trace, itself among them; of a long one the newest, without those in `known`. */
  ofTrace(slot: number, known: KnownSlots = NONE): number[] {
    if (!this.table.has(slot, "trace")) return [slot];
    this.hashTrace(slot);
    return this.found(WALK_MAX, known);
  }

  /** Equal for records of one trace, and for no others, until the next record is added. */
  traceKey(slot: number): number {
    if (!this.table.has(slot, "trace")) return -1 - slot;
    this.hashTrace(slot);
    const { low, high } = this.hash;
    const newest = this.lists[this.newer].first(low, high);
    if (newest >= 0) return newest;
    const older = this.lists[this.newer === 0 ? 1 : 0];
    return this.halfRecords * LISTS_PER_RECORD + older.first(low, high);
  }

  /** Other records that may speak of the same response; those in `known` are left out unasked. */
  ofResponse(
    slot: number,
    recordAt: (slot: number) => CallRecord,
    known: KnownSlots = NONE,
  ): number[] {
    const { table } = this;
    if (!table.isCall(slot) || table.word(slot, "response") === 0) return [];
    this.hashResponse(slot);
    const others = this.found(WALK_MAX).filter((other) => other !== slot && !known.has(other));
    return others.filter((other) => maySpeakOfOneResponse(recordAt(slot), recordAt(other)));
  }

  /** Other records that may be twins; those in `known` are left out unasked. */
  twinsOf(
    slot: number,
    recordAt: (slot: number) => CallRecord,
    known: KnownSlots = NONE,
  ): number[] {
    if (!this.table.isCall(slot)) return [];
    if (this.scopes.get(this.serviceKey(slot)) !== SEVERAL_SCOPES) return [];
    const found = new Set<number>();
    for (const place of twinSearch(this.table.filedAt(slot))) {
      this.hashPlace(slot, place);
      for (const other of this.found(WALK_MAX)) {
        if (!known.has(other) && this.table.mayBeTwins(slot, other)) found.add(other);
      }
    }
    if (found.size === 0) return [];
    return [...found].filter((other) => areTwins(recordAt(slot), recordAt(other)));
  }

  /** A span that is no record, for the walk up a trace. */
  find({ project, trace }: CallRecord, span: Key): SpanLink | undefined {
    const [traceHex, spanHex] = [Buffer.from(String(trace)), Buffer.from(String(span))];
    const { hash } = this;
    hash.begin(KIND.link).add(Number(project));
    for (const at of [0, 8, 16, 24]) hash.add(hexWord(traceHex, at));
    hash.add(hexWord(spanHex, 0)).add(hexWord(spanHex, 8)).end();
    const link = this.links.get(hash.low, hash.high);
    if (link === undefined) return undefined;
    const { parentHigh, parentLow, isBoundary } = link;
    const isRoot = parentHigh === 0 && parentLow === 0;
    return { parent: isRoot ? undefined : wordHex(parentHigh) + wordHex(parentLow), isBoundary };
  }

  /** Forgets the older half. */
  private turn(): void {
    this.newer = this.newer === 0 ? 1 : 0;
    this.lists[this.newer].clear();
    this.used[this.newer] = 0;
  }

  private fileCall(slot: number): void {
    if (this.table.word(slot, "response") !== 0) {
      this.hashResponse(slot);
      this.join(slot);
    }
    // Services with one instrumentation, nearly all, have no twins and are not filed as such.
    const key = this.serviceKey(slot);
    const scope = this.table.word(slot, "scope");
    const { lastService } = this;
    if (lastService.key === key && lastService.scope === scope) return;
    const known = this.scopes.get(key);
    if (known === undefined || known === scope) {
      lastService.key = key;
      lastService.scope = scope;
    } else lastService.key = NO_SERVICE;
    if (known === undefined) {
      if (this.scopes.size === SERVICES_MAX) this.scopes.clear();
      this.scopes.set(key, scope);
    } else if (known === SEVERAL_SCOPES) {
      this.mayHaveCompany = true;
      this.fileTwin(slot, this.newer);
    } else if (known !== scope) {
      this.mayHaveCompany = true;
      this.scopes.set(key, SEVERAL_SCOPES);
      this.fileService(key);
    }
  }

  /** The second instrumentation of a service has turned up: records of the first may be its twins. */
  private fileService(key: number): void {
    const { table, halfRecords } = this;
    for (const half of [0, 1] as const) {
      const from = half * halfRecords;
      for (let slot = from; slot < from + this.used[half]; slot += 1) {
        if (table.isCall(slot) && this.serviceKey(slot) === key) this.fileTwin(slot, half);
      }
    }
  }

  private fileTwin(slot: number, half: 0 | 1): void {
    for (const place of twinPlaces(this.table.filedAt(slot))) {
      this.hashPlace(slot, place);
      this.file(slot, half);
    }
  }

  /** Files a new record under the last hash, and notes whether others are there. */
  private join(slot: number): void {
    const { low, high } = this.hash;
    this.mayHaveCompany ||= this.lists.some((lists) => lists.first(low, high) >= 0);
    this.file(slot, this.newer);
  }

  /** Under the last hash. */
  private file(slot: number, half: 0 | 1): void {
    this.lists[half].add(this.hash.low, this.hash.high, slot);
  }

  /** What is filed under the last hash, newest first, without what is in `known`. */
  private found(max: number, known: KnownSlots = NONE): number[] {
    const { low, high } = this.hash;
    const slots: number[] = [];
    for (const half of [this.newer, 1 - this.newer]) {
      const lists = this.lists[half] as KeyLists;
      for (let entry = lists.first(low, high); entry >= 0; entry = lists.next(entry)) {
        if (slots.length === max) return slots;
        const slot = lists.valueOf(entry);
        if (!known.has(slot)) slots.push(slot);
      }
    }
    return slots;
  }

  private hashTrace(slot: number): void {
    const { table, hash } = this;
    hash.begin(KIND.trace).add(table.word(slot, "project"));
    hash.addAll(table.words, table.placeOf(slot, "trace"), 4).end();
  }

  private hashResponse(slot: number): void {
    const { table, hash } = this;
    const project = table.word(slot, "project");
    hash.begin(KIND.response).add(project).add(table.word(slot, "response")).end();
  }

  private hashPlace(slot: number, { kind, input, output, period }: TwinPlace): void {
    const { table, hash } = this;
    hash.begin(KIND[kind]).add(table.word(slot, "project")).add(table.word(slot, "service"));
    hash
      .add(Math.trunc(input) | 0)
      .add(Math.trunc(output) | 0)
      .add(period | 0)
      .end();
  }

  private serviceKey(slot: number): number {
    const project = Math.imul(this.table.word(slot, "project"), 0x9e3779b1);
    return this.table.word(slot, "service") ^ project;
  }
}
