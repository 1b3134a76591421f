import type { NormalUsage } from "../usage/usage.ts";
import { meteredPrices } from "./metered-prices.ts";
import type { PriceAnswer, PriceBook, PriceQuery } from "./price-book.ts";
import { priceCall } from "./price-call.ts";

/** A call as its row has it: which model answered, which one was asked for. */
export interface CallSubject extends Omit<PriceQuery, "model"> {
  readonly responseModel: string | undefined;
  readonly requestModel: string | undefined;
  /** Its tokens are those of many calls, counted by a metric. */
  readonly isMetered?: boolean;
}

/** Why a call has no cost: what the book lacks, or what the counts lack. */
export type CostGap = NonNullable<PriceAnswer["gap"]> | "no_model" | "usage";

/**
 * The prices of a call. The model that answered is priced; where the book does not know its name (a gateway's
 * own, a dated snapshot), the model asked for. Undefined for a call that names neither.
 */
export function callPrices(book: PriceBook, subject: CallSubject): PriceAnswer | undefined {
  const { responseModel, requestModel, isMetered = false, ...rest } = subject;
  const ask = (model: string | undefined): PriceAnswer | undefined => {
    const answer = model === undefined ? undefined : book.resolve({ ...rest, model });
    const prices = answer?.prices;
    if (!isMetered || answer === undefined || prices === undefined) return answer;
    return { ...answer, prices: meteredPrices(prices) };
  };
  const answering = ask(responseModel);
  if (answering?.prices !== undefined) return answering;
  const asked = ask(requestModel);
  return asked?.prices === undefined ? (answering ?? asked) : asked;
}

/** What the call costs by this book, or why that is unknown. */
export function costOfCall(
  usage: NormalUsage,
  answer: PriceAnswer | undefined,
): { readonly costNanoUsd: bigint } | { readonly gap: CostGap } {
  if (answer === undefined) return { gap: "no_model" };
  if (answer.prices === undefined) return { gap: answer.gap ?? "model" };
  const costNanoUsd = priceCall(usage, answer.prices);
  return costNanoUsd === undefined ? { gap: "usage" } : { costNanoUsd };
}
