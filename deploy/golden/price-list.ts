// The price list, read from the data of the package by itself: its matching and its dates in plain loops.
import { waitForUpdate } from "@pydantic/genai-prices";
import type { MatchLogic, ModelInfo, ModelPrice, Provider } from "@pydantic/genai-prices";

/** What the package ships; nothing is fetched. */
export async function loadProviders(): Promise<readonly Provider[]> {
  const providers = await waitForUpdate();
  if (providers === null) throw new Error("the package of prices has no data");
  return providers;
}

/** The prices in force, or undefined when the list has no such provider or model. */
export function listedPrice(
  providers: readonly Provider[],
  call: { readonly provider: string; readonly model: string; readonly at: Date },
): ModelPrice | undefined {
  const name = call.provider.toLowerCase();
  const provider =
    providers.find(({ id }) => id === name) ??
    providers.find(({ provider_match: match }) => match !== undefined && matches(match, name));
  if (provider === undefined) return undefined;
  const model = findModel(provider, call.model) ?? findModel(provider, withDashedDate(call.model));
  return model === undefined ? undefined : priceAt(model, call.at);
}

function findModel(provider: Provider, name: string): ModelInfo | undefined {
  for (const model of provider.models) if (matches(model.match, name.toLowerCase())) return model;
  return undefined;
}

/** The list names some snapshots "-2025-09-29" that are called "-20250929". */
function withDashedDate(name: string): string {
  return name.replace(/-(20\d\d)(\d\d)(\d\d)$/, "-$1-$2-$3");
}

function matches(match: MatchLogic, name: string): boolean {
  if ("or" in match) return match.or.some((one) => matches(one, name));
  if ("and" in match) return match.and.every((one) => matches(one, name));
  if ("equals" in match) return name === match.equals.toLowerCase();
  if ("starts_with" in match) return name.startsWith(match.starts_with.toLowerCase());
  if ("ends_with" in match) return name.endsWith(match.ends_with.toLowerCase());
  if ("contains" in match) return name.includes(match.contains.toLowerCase());
  return new RegExp(match.regex).test(name);
}

/** Later entries are newer. The check knows no price by the time of day: the seeded models have none. */
function priceAt({ id, prices }: ModelInfo, at: Date): ModelPrice | undefined {
  if (!Array.isArray(prices)) return prices;
  for (const { constraint, prices: price } of prices.toReversed()) {
    if (constraint === undefined) return price;
    if (constraint.type !== "start_date") throw new Error(`${id} has a price by the time of day`);
    if (Date.parse(constraint.start_date) <= at.getTime()) return price;
  }
  return prices[0]?.prices;
}
