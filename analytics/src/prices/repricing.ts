import { callPrices, costOfCall } from "@lensai/otel-config/pricing/call-prices";
import type { PriceBook } from "@lensai/otel-config/pricing/price-book";
import type { BilledCall } from "./billed-calls.ts";

/** The calls of one model on one day: what they cost as they were priced, and by another book. */
export interface RepricedGroup {
  /** YYYY-MM-DD, UTC. */
  readonly day: string;
  readonly projectId: string;
  readonly provider: string | undefined;
  /** The model that answered, else the one asked for. */
  readonly model: string | undefined;
  readonly calls: number;
  /** Calls whose cost is another one now, or known now, or unknown now. */
  readonly changedCalls: number;
  readonly oldNanoUsd: bigint;
  readonly oldUnknownCalls: number;
  readonly newNanoUsd: bigint;
  readonly newUnknownCalls: number;
}

type Draft = { -readonly [K in keyof RepricedGroup]: RepricedGroup[K] };

/**
 * Prices calls again, beside what they cost when they came; nothing is written. What was believed at an
 * earlier moment can be asked for with `recordedUntil`.
 */
export class Repricing {
  readonly #book: PriceBook;
  readonly #recordedUntil: Date | undefined;
  readonly #groups = new Map<string, Draft>();

  constructor(book: PriceBook, recordedUntil?: Date) {
    this.#book = book;
    this.#recordedUntil = recordedUntil;
  }

  add(calls: readonly BilledCall[]): void {
    for (const call of calls) this.#addCall(call);
  }

  /** By day, then project, then what costs most now. */
  groups(): RepricedGroup[] {
    return [...this.#groups.values()].toSorted(
      (a, b) =>
        a.day.localeCompare(b.day) ||
        a.projectId.localeCompare(b.projectId) ||
        Number(b.newNanoUsd - a.newNanoUsd),
    );
  }

  #addCall({ subject, usage, costNanoUsd: old }: BilledCall): void {
    const query = { ...subject, recordedUntil: this.#recordedUntil };
    const found = costOfCall(usage, callPrices(this.#book, query));
    const now = "gap" in found ? undefined : found.costNanoUsd;
    const group = this.#groupOf(subject);
    group.calls += 1;
    if (old !== now) group.changedCalls += 1;
    if (old === undefined) group.oldUnknownCalls += 1;
    else group.oldNanoUsd += old;
    if (now === undefined) group.newUnknownCalls += 1;
    else group.newNanoUsd += now;
  }

  #groupOf({
    at,
    projectId = "",
    provider,
    responseModel,
    requestModel,
  }: BilledCall["subject"]): Draft {
    const day = at.toISOString().slice(0, 10);
    const model = responseModel ?? requestModel;
    const key = JSON.stringify([day, projectId, provider ?? null, model ?? null]);
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const created: Draft = {
      day,
      projectId,
      provider,
      model,
      calls: 0,
      changedCalls: 0,
      oldNanoUsd: 0n,
      oldUnknownCalls: 0,
      newNanoUsd: 0n,
      newUnknownCalls: 0,
    };
    this.#groups.set(key, created);
    return created;
  }
}
