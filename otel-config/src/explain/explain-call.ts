import { LENSAI } from "../attributes/lensai.ts";
import { formatUsd } from "../money.ts";
import type { NanoUsd } from "../money.ts";
import type { PriceBook } from "../pricing/price-book.ts";
import type { SpanRow } from "../span-row/span-row.ts";
import { billOf } from "./call-bill.ts";
import type { CallBill } from "./call-bill.ts";
import type { Finding } from "./finding.ts";
import { attributesOf, bigintOf, textOf, usageOfRow } from "./row-values.ts";
import { sentUsage } from "./sent-usage.ts";
import type { SentValue } from "./sent-usage.ts";
import {
  BASIS_WORDS,
  SOURCE_WORDS,
  usageFlagWords,
  usageRuleAdvice,
  usageRuleWords,
} from "./usage-words.ts";
import { verdictOf } from "./verdict.ts";
import type { CallVerdict } from "./verdict.ts";
import { whyUnpriced } from "./why-unpriced.ts";

/** Everything that leads from what a client sent to what a call costs. */
export interface CallExplanation {
  readonly verdict: CallVerdict;
  readonly usage: UsageExplanation;
  /** Undefined when today's book cannot price the row and could not when it arrived. */
  readonly bill: CallBill | undefined;
  /** Stored with the row; undefined is unknown. */
  readonly costNanoUsd: NanoUsd | undefined;
  readonly priceVersion: string | undefined;
  /** Why there is no cost, on rows that could have one. */
  readonly noCost: Finding | undefined;
  readonly clientClaim: ClientClaim | undefined;
  readonly bookVersion: string;
}

export interface UsageExplanation {
  readonly sent: readonly SentValue[];
  readonly dialect: string | undefined;
  readonly source: Worded | undefined;
  readonly basis: Worded | undefined;
  readonly rule: Worded | undefined;
  /** What to do about the producer, as a fragment. */
  readonly advice: string | undefined;
  readonly oddities: readonly string[];
  /** Inclusive. */
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
}

/** A word of the contract and what it means. */
export interface Worded {
  readonly name: string;
  readonly words: string | undefined;
}

/** What the client says the call cost, and ours minus theirs. */
export interface ClientClaim {
  readonly nanoUsd: NanoUsd;
  readonly differenceNanoUsd: NanoUsd | undefined;
}

/** Explains a row by a book, which need not be the one that priced it. */
export function explainCall(row: SpanRow, book: PriceBook): CallExplanation {
  const costNanoUsd = bigintOf(row, "cost_nano_usd");
  const verdict = verdictOf(row);
  const bill = billOf(row, book);
  const isOwed = verdict.kind !== "failed" && verdict.kind !== "no_call";
  return {
    verdict,
    usage: usageExplanation(row),
    bill,
    costNanoUsd,
    priceVersion: textOf(row, "price_version"),
    noCost: costNanoUsd === undefined && isOwed ? noCostOf(row, book, bill) : undefined,
    clientClaim: claimOf(row, costNanoUsd),
    bookVersion: book.version,
  };
}

function usageExplanation(row: SpanRow): UsageExplanation {
  const { basis, input, output } = usageOfRow(row);
  const source = textOf(row, "usage_source");
  const rule = textOf(row, "usage_rule");
  return {
    sent: sentUsage(row),
    dialect: textOf(row, "dialect"),
    source: worded(source, SOURCE_WORDS),
    basis: worded(basis, BASIS_WORDS),
    rule: rule === undefined ? undefined : { name: rule, words: usageRuleWords(rule) },
    advice: rule === undefined ? undefined : usageRuleAdvice(rule),
    oddities: usageFlagWords(attributesOf(row)[LENSAI.ingestFlags]),
    inputTokens: input,
    outputTokens: output,
  };
}

function worded(
  name: string | undefined,
  words: Readonly<Record<string, string>>,
): Worded | undefined {
  return name === undefined ? undefined : { name, words: words[name] };
}

function noCostOf(row: SpanRow, book: PriceBook, bill: CallBill | undefined): Finding | undefined {
  if (bill === undefined) return whyUnpriced(row, book);
  return {
    code: "priced_since",
    text: `The price was not known when the record arrived. Today's book gives ${formatUsd(bill.costNanoUsd)}; stored figures are never changed by themselves.`,
    advice: "Price the time range again to see the new figures beside the old ones.",
    command: "npx pnpm@12 lensai prices reprice",
    unpriced: undefined,
  };
}

function claimOf(row: SpanRow, cost: NanoUsd | undefined): ClientClaim | undefined {
  const nanoUsd = bigintOf(row, "client_cost_nano_usd");
  if (nanoUsd === undefined) return undefined;
  return { nanoUsd, differenceNanoUsd: cost === undefined ? undefined : cost - nanoUsd };
}
