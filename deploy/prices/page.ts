import { LIST_CORRECTIONS } from "@lensai/otel-config/pricing/list-corrections";
import { LIST_TIERS } from "@lensai/otel-config/pricing/list-tiers";
import type { PriceChange, PriceEntry } from "@lensai/otel-config/pricing/price-layer";
import { decimalText } from "@lensai/otel-config/money";
import { DECISIONS } from "./decisions.ts";
import type { DecidedDifference } from "./second-list.ts";

const PICO_PER_MTOK_DIGITS = 6;
const PICO_PER_K_DIGITS = 9;

const HEAD = `# Differences with a second price list

Our list of prices is compared with the one that LiteLLM publishes, as of 2026-07-24, for the models of large
providers that both know. Each difference is decided: ours stays, for the reason given, or the price was
corrected. Prices are in US dollars per million tokens, or per thousand searches; \`-\` is no price.

This page is written by \`node deploy/prices/main.ts <list.json>\`; the decisions are kept in
\`deploy/prices/decisions.ts\`. How prices work is in [prices](prices.md).
`;

/** The whole page: what stayed and why, then what was corrected. */
export function differencesPage(differences: readonly DecidedDifference[]): string {
  const byDecision = Map.groupBy(differences, ({ decision }) => decision);
  const undecided = byDecision.get(undefined) ?? [];
  const kept = DECISIONS.flatMap((decision) => {
    const found = byDecision.get(decision) ?? [];
    if (found.length === 0) return [];
    const { title, why, source } = decision;
    return [`### ${title}\n\n${why} [Source](${source}).\n\n${listOf(found)}`];
  });
  return [
    HEAD,
    `## Ours stays\n\n${differences.length - undecided.length} differences.\n`,
    ...kept,
    ...(undecided.length === 0 ? [] : [`## Not decided\n\n${listOf(undecided)}`]),
    "## Corrected\n\nHere the base list was wrong, or had no price.\n",
    correctionsOf([...LIST_CORRECTIONS.entries, ...LIST_TIERS.entries]),
  ].join("\n");
}

/** Models that differ in the same way share a line. */
function listOf(differences: readonly DecidedDifference[]): string {
  const lines = Map.groupBy(differences, ({ provider, serviceTier, unit, oursPico, theirsPico }) =>
    JSON.stringify([provider, serviceTier, unit, oursPico, theirsPico]),
  );
  return [...lines.values()]
    .map((group) => {
      const { provider, serviceTier, unit, oursPico, theirsPico } = group[0] as DecidedDifference;
      const tier = serviceTier === "standard" ? "" : `, ${serviceTier} tier`;
      const amounts = `ours ${amount(unit, oursPico)}, theirs ${amount(unit, theirsPico)}`;
      const models = group.map(({ model }) => `\`${model}\``).join(", ");
      return `- ${provider}${tier}, \`${unit}\`: ${amounts}: ${models}\n`;
    })
    .join("");
}

function amount(unit: string, pico: number | undefined): string {
  if (pico === undefined) return "-";
  const digits = unit.includes("_kcount") ? PICO_PER_K_DIGITS : PICO_PER_MTOK_DIGITS;
  return decimalText(BigInt(Math.round(pico)), digits);
}

function correctionsOf(entries: readonly PriceEntry[]): string {
  const lines = Map.groupBy(entries, ({ provider, serviceTier, change, source }) =>
    JSON.stringify([provider, serviceTier, change, source]),
  );
  return [...lines.values()]
    .map((group) => {
      const { provider, serviceTier, change, source } = group[0] as PriceEntry;
      const tier = serviceTier === "standard" ? "" : `, ${serviceTier} tier`;
      const names = group.map(({ model, match }) => `\`${model}${match === "prefix" ? "*" : ""}\``);
      return `- ${provider}${tier}: ${changeText(change)} ([source](${source})): ${names.join(", ")}\n`;
    })
    .join("");
}

function changeText(change: PriceChange): string {
  if (change.kind === "withdrawal") return "withdrawn";
  if (change.kind === "multiplier") {
    const except = change.except.length === 0 ? "" : `, but \`${change.except.join(", ")}\``;
    return `standard × ${change.multiplier}${except}`;
  }
  return Object.entries(change.prices)
    .map(([name, price]) => {
      if (typeof price !== "object") return `\`${name}\` ${price}`;
      const above = price.tiers.map((tier) => `${tier.price} above ${tier.start}`).join(", ");
      return `\`${name}\` ${price.base}, ${above}`;
    })
    .join("; ");
}
