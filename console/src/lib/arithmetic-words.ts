import type { CostPart } from "@lensai/otel-config/pricing/cost-lines";
import type { CallBill } from "@lensai/otel-config/explain/call-bill";
import { fromWire, type Wire } from "./arithmetic.ts";
import { formatMoney } from "./format/money.ts";

export const PART_LABELS: Readonly<Record<CostPart, string>> = {
  input_uncached: "Input",
  cache_read: "Input read from cache",
  cache_write_5m: "Input written to cache",
  cache_write_1h: "Input written to cache (1 h)",
  audio_input: "Audio input",
  image_input: "Image input",
  output_text: "Output",
  reasoning: "Reasoning",
  audio_output: "Audio output",
  image_output: "Image output",
  web_search: "Searches",
  request: "Per request",
};

/** Parts that are not priced per token. */
export const COUNTED_PARTS: ReadonlySet<CostPart> = new Set(["web_search", "request"]);

/** How the lines relate to the figure that is stored with the call. */
export function comparisonText(bill: Wire<CallBill>, stored: bigint | undefined): string {
  const today = formatMoney(fromWire(bill.todayNanoUsd));
  switch (bill.comparison) {
    case "same":
      return "Equal to the stored cost, to the nano-dollar.";
    case "same_when_stored":
      return `Equal to the stored cost, with the prices known when the call arrived. Today's book gives ${today}; stored figures are never changed by themselves.`;
    case "changed":
      return `The price book has changed since this call was priced: these are today's prices. Stored is ${formatMoney(stored)}.`;
    case "not_stored":
      return "The price was not known when the call arrived; these are today's prices. The stored cost stays unknown.";
  }
}

/** Short words for a repeat in a list; the sentence is on the record's own page. */
const RULE_LABELS: Readonly<Record<string, string>> = {
  call: "billed",
  aggregate_only: "billed",
  aggregate: "sums up calls",
  covered: "below the billed record",
  same_span: "same span",
  nested: "same call, nested",
  same_response: "same response id",
  twin: "same call, other trace or scope",
  failed: "failed",
  meter: "billed",
  meter_told: "told by other records",
};

export function ruleLabel(rule: string | undefined): string {
  return rule === undefined ? "no call" : (RULE_LABELS[rule] ?? rule);
}
