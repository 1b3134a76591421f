import { divideHalfUp } from "@lensai/otel-config/money";
import { callPrices, costOfCall } from "@lensai/otel-config/pricing/call-prices";
import type { CostGap } from "@lensai/otel-config/pricing/call-prices";
import type { PriceBook } from "@lensai/otel-config/pricing/price-book";
import type { BilledCall } from "./billed-calls.ts";

/** Calls without a cost that lack the same thing, and what is at stake with them. */
export interface UnpricedGroup {
  readonly projectId: string;
  readonly provider: string | undefined;
  readonly responseModel: string | undefined;
  readonly requestModel: string | undefined;
  readonly serviceTier: string | undefined;
  /** What is missing; "none": the book in use has a price, so that the calls can be priced again. */
  readonly gap: CostGap | "none";
  readonly calls: number;
  readonly inputTokens: bigint;
  readonly outputTokens: bigint;
  /** What the clients themselves said that the calls cost; undefined when none of them did. */
  readonly clientCostNanoUsd: bigint | undefined;
  /** The tokens at what a token of the project's priced calls costs on average: an order of magnitude. */
  readonly atAverageNanoUsd: bigint | undefined;
}

interface Draft {
  readonly call: BilledCall;
  readonly gap: CostGap | "none";
  calls: number;
  inputTokens: bigint;
  outputTokens: bigint;
  clientCostNanoUsd: bigint | undefined;
}

interface ProjectTotals {
  tokens: bigint;
  costNanoUsd: bigint;
}

/** Collects the calls whose cost is unknown, by what they lack. */
export class UnpricedCalls {
  readonly #book: PriceBook;
  readonly #drafts = new Map<string, Draft>();
  readonly #priced = new Map<string, ProjectTotals>();

  constructor(book: PriceBook) {
    this.#book = book;
  }

  add(calls: readonly BilledCall[]): void {
    for (const call of calls) {
      if (call.costNanoUsd === undefined) this.#addUnpriced(call);
      else this.#addPriced(call, call.costNanoUsd);
    }
  }

  /** Those with the most tokens first. */
  groups(): UnpricedGroup[] {
    return [...this.#drafts.values()]
      .map((draft) => this.#settle(draft))
      .toSorted(
        (a, b) =>
          Number(b.inputTokens + b.outputTokens - a.inputTokens - a.outputTokens) ||
          b.calls - a.calls,
      );
  }

  #addPriced({ subject, usage }: BilledCall, costNanoUsd: bigint): void {
    const { projectId = "" } = subject;
    const totals = this.#priced.get(projectId) ?? { tokens: 0n, costNanoUsd: 0n };
    totals.tokens += BigInt((usage.input ?? 0) + (usage.output ?? 0));
    totals.costNanoUsd += costNanoUsd;
    this.#priced.set(projectId, totals);
  }

  #addUnpriced(call: BilledCall): void {
    const { subject, usage, clientCostNanoUsd } = call;
    const found = costOfCall(usage, callPrices(this.#book, subject));
    const gap = "gap" in found ? found.gap : "none";
    const { projectId, provider, responseModel, requestModel, serviceTier } = subject;
    const key = JSON.stringify(
      [projectId, provider, responseModel, requestModel, serviceTier, gap].map(
        (one) => one ?? null,
      ),
    );
    const draft = this.#drafts.get(key) ?? newDraft(call, gap);
    draft.calls += 1;
    draft.inputTokens += BigInt(usage.input ?? 0);
    draft.outputTokens += BigInt(usage.output ?? 0);
    if (clientCostNanoUsd !== undefined) {
      draft.clientCostNanoUsd = (draft.clientCostNanoUsd ?? 0n) + clientCostNanoUsd;
    }
    this.#drafts.set(key, draft);
  }

  #settle({ call, ...draft }: Draft): UnpricedGroup {
    const { projectId = "", provider, responseModel, requestModel, serviceTier } = call.subject;
    const totals = this.#priced.get(projectId);
    const tokens = draft.inputTokens + draft.outputTokens;
    const atAverageNanoUsd =
      totals === undefined || totals.tokens === 0n || tokens === 0n
        ? undefined
        : divideHalfUp(tokens * totals.costNanoUsd, totals.tokens);
    const subject = { projectId, provider, responseModel, requestModel, serviceTier };
    return { ...subject, ...draft, atAverageNanoUsd };
  }
}

function newDraft(call: BilledCall, gap: CostGap | "none"): Draft {
  const sums = { calls: 0, inputTokens: 0n, outputTokens: 0n, clientCostNanoUsd: undefined };
  return { call, gap, ...sums };
}
