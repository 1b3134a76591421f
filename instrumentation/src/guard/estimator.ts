import { HELD_ABORT_TOKENS } from "@lensai/otel-config/control/overspend-bound";
import type { ProjectPrices } from "@lensai/otel-config/control/project-prices";
import { callPrices } from "@lensai/otel-config/pricing/call-prices";
import { familyMaxPrices } from "@lensai/otel-config/pricing/family-prices";
import type { PriceAnswer, PriceBook, PriceQuery } from "@lensai/otel-config/pricing/price-book";
import { priceCallNumber } from "@lensai/otel-config/pricing/price-call";
import type { UnitPrices } from "@lensai/otel-config/pricing/unit-prices";
import { normaliseUsage } from "@lensai/otel-config/usage/normalise-usage";
import { createNormalUsage } from "@lensai/otel-config/usage/usage";
import type { WireCall } from "../wire/recognise-call.ts";
import type { ResponseFacts } from "../wire/response-facts.ts";
import { CLAMPED_TOKENS_MIN } from "./clamp.ts";
import type { CallEstimate } from "./hold.ts";
import { LearnedOutput } from "./learned-output.ts";
import type { LearnedAnswer, TextShares } from "./learned-output.ts";
import { modelOutputTokensMax } from "./model-output-max.ts";
import { Quote } from "./quote.ts";
import type { RequestSize } from "./request-size.ts";

/** Families that were asked about: each takes milliseconds once. */
const FAMILIES_MAX = 1_000;
/** What is known of a call before it is made: tokens of each answer. */
interface ExpectedCall {
  /** What is reserved. */
  readonly outputTokens: number;
  readonly outputTokensMax: number;
  /** It streams, and is held to what is reserved as it comes. */
  readonly isMetered: boolean;
  /** What is billed if the process dies as soon as the call is made: on average, and of what is metered at most. */
  readonly orphanedTokens: number;
  /** How much of its input's upper bound is true, and is at most. */
  readonly inputShare: number;
  readonly inputShareAtMost: number;
}

/** What a call that has ended is charged, and what it may have cost; nano-USD. */
export interface CallCost {
  readonly spentNano: number;
  readonly atMostNano: number;
}

/** What an answer is taken to have while nothing is known about the model's answers. */
const FIRST_ANSWER_TOKENS = 2_048;

/** Requests take time to arrive, and clocks differ: a provider may bill by what was the price, or will be, so long from now. */
const PRICE_CHANGE_MS = 5_000;

/** A call that has not been made, and its price as far as the book knows it or is asked to assume one. */
export class EstimatedCall implements CallEstimate {
  readonly amountNano: number | undefined;
  readonly incurredNano: number;
  /** What is reserved for each answer. */
  readonly outputTokens: number;
  /** What each answer has at most. */
  readonly outputTokensMax: number;
  readonly #orphanedTokensAtMost: number;
  readonly #inputShareAtMost: number;
  readonly #familyQuote: () => Quote | undefined;
  /** By which the call is held and metered; undefined while nobody knows or has assumed a price. */
  quote: Quote | undefined;

  constructor(call: ExpectedCall, quote: Quote | undefined, familyQuote: () => Quote | undefined) {
    const { outputTokens, orphanedTokens } = call;
    this.outputTokens = outputTokens;
    this.outputTokensMax = call.outputTokensMax;
    this.amountNano = quote?.costNano(outputTokens);
    this.incurredNano = quote?.withInputShare(call.inputShare).costNano(orphanedTokens) ?? 0;
    this.#orphanedTokensAtMost = call.isMetered ? orphanedTokens : outputTokens;
    this.#inputShareAtMost = call.inputShareAtMost;
    this.quote = this.amountNano === undefined ? undefined : quote;
    this.#familyQuote = familyQuote;
  }

  get incurredNanoAtMost(): number {
    const quote = this.quote?.withInputShare(this.#inputShareAtMost);
    return quote?.costNano(this.#orphanedTokensAtMost) ?? 0;
  }

  get leastNano(): number | undefined {
    return this.quote?.costNano(Math.min(CLAMPED_TOKENS_MIN, this.outputTokens));
  }

  familyMaxNano(): number | undefined {
    this.quote ??= this.#familyQuote();
    return this.quote?.costNano(this.outputTokens);
  }
}

/** What calls cost before they are made, and what they did cost: by one book, with one arithmetic. */
export class Estimator {
  #book: PriceBook;
  #projectId: string | undefined;
  readonly #learned = new LearnedOutput();
  readonly #families = new Map<string, UnitPrices | undefined>();

  constructor(book: PriceBook) {
    this.#book = book;
  }

  /** For calls that are estimated and settled from now on. */
  changePrices({ book, projectId }: ProjectPrices): void {
    this.#book = book;
    this.#projectId = projectId;
    this.#families.clear();
  }

  estimate(
    call: Pick<WireCall, "api" | "model" | "provider" | "isStream">,
    size: RequestSize,
    { route, isMetered, nowMs }: { route: string | undefined; isMetered: boolean; nowMs: number },
  ): EstimatedCall {
    const { model, provider, api } = call;
    const asked = { provider, projectId: this.#projectId, at: new Date(nowMs) };
    const outputTokensMax = size.outputTokensMax ?? modelOutputTokensMax(model, api.operation);
    const usualTokens = this.#learned.quantile(model ?? "", route);
    const outputTokens = isMetered
      ? Math.min(outputTokensMax, usualTokens ?? FIRST_ANSWER_TOKENS)
      : outputTokensMax;
    // Of a stream that nobody reads its provider writes no more; other answers are worked out to their end.
    const orphanedTokens = isMetered ? HELD_ABORT_TOKENS : (usualTokens ?? FIRST_ANSWER_TOKENS);
    const quotes =
      model === undefined
        ? []
        : pricesAround(nowMs, (at) =>
            this.#book.resolve({ ...asked, at, model, serviceTier: size.serviceTier }),
          ).map((prices) => new Quote(size, prices));
    return new EstimatedCall(
      {
        outputTokens,
        outputTokensMax,
        orphanedTokens: Math.min(orphanedTokens, outputTokens),
        isMetered,
        inputShare: this.expectedShares(model, route).input,
        inputShareAtMost: this.sharesAtMost(model, route).input,
      },
      dearestOf(quotes, outputTokens),
      () => {
        const family = this.#familyPrices({ ...asked, model: model ?? "" });
        return family && new Quote(size, family);
      },
    );
  }

  /** What a call cost by the provider's own counts; undefined when those or the price are not known. */
  costOf(
    call: Pick<WireCall, "model" | "provider">,
    facts: ResponseFacts,
    { serviceTier, startedMs }: { serviceTier: string | undefined; startedMs: number },
  ): CallCost | undefined {
    if (!facts.hasUsage || facts.problem !== undefined) return undefined;
    const usage = normaliseUsage(facts.usage, createNormalUsage());
    const [spentNano, ...others] = pricesAround(startedMs, (at) =>
      callPrices(this.#book, {
        provider: call.provider,
        projectId: this.#projectId,
        at,
        requestModel: call.model,
        responseModel: facts.model,
        serviceTier: facts.serviceTier ?? serviceTier,
      }),
    ).map((prices) => priceCallNumber(usage, prices));
    if (spentNano === undefined) return undefined;
    return { spentNano, atMostNano: Math.max(spentNano, ...others.map((nano) => nano ?? 0)) };
  }

  /** An answer came to its end, with this much in it. */
  learn(model: string | undefined, route: string | undefined, answer: LearnedAnswer): void {
    this.#learned.add(model ?? "", route, answer);
  }

  /** How much is true of the bounds of such a call's texts on average, as far as is known. */
  expectedShares(model: string | undefined, route: string | undefined): TextShares {
    return this.#learned.expectedShares(model ?? "", route);
  }

  /** The same at most. */
  sharesAtMost(model: string | undefined, route: string | undefined): TextShares {
    return this.#learned.sharesAtMost(model ?? "", route);
  }

  #familyPrices(query: PriceQuery & { readonly provider: string }): UnitPrices | undefined {
    const key = `${query.provider}\0${query.model}`;
    if (this.#families.has(key)) return this.#families.get(key);
    if (this.#families.size >= FAMILIES_MAX) this.#families.clear();
    const prices = familyMaxPrices(this.#book, query);
    this.#families.set(key, prices);
    return prices;
  }
}

/** Of a moment first, and of what was valid shortly before it and will be shortly after; none where it is not known. */
function pricesAround(
  nowMs: number,
  resolve: (at: Date) => PriceAnswer | undefined,
): readonly UnitPrices[] {
  const now = resolve(new Date(nowMs));
  if (now?.prices === undefined) return [];
  const { validFromMs, validUntilMs } = now;
  const others = [
    ...(validUntilMs - nowMs <= PRICE_CHANGE_MS ? [resolve(new Date(validUntilMs))] : []),
    ...(nowMs - validFromMs < PRICE_CHANGE_MS ? [resolve(new Date(validFromMs - 1))] : []),
  ];
  return [now.prices, ...others.flatMap((answer) => answer?.prices ?? [])];
}

function dearestOf(quotes: readonly Quote[], outputTokens: number): Quote | undefined {
  if (quotes.length < 2) return quotes[0];
  const costOf = (quote: Quote): number => quote.costNano(outputTokens) ?? 0;
  return quotes.reduce((dearest, quote) => (costOf(quote) > costOf(dearest) ? quote : dearest));
}
