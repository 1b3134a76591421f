// The provider in a process of its own, as main.ts tells it to.
import { startBillingProvider } from "./billing-provider.ts";
import type { BillingProvider, ProviderOptions } from "./billing-provider.ts";
import { totalsOf } from "./provider-log.ts";
import type { BilledAttempt, ProviderTotals, TokenPrices } from "./provider-log.ts";

export type ProviderCommand =
  | { readonly command: "start"; readonly options: ProviderOptions }
  | { readonly command: "change-prices"; readonly prices: TokenPrices }
  | { readonly command: "totals" }
  | { readonly command: "log" };

export type ProviderAnswer =
  | { readonly kind: "started"; readonly url: string }
  | { readonly kind: "totals"; readonly totals: ProviderTotals }
  | { readonly kind: "log"; readonly attempts: readonly BilledAttempt[] }
  | { readonly kind: "done" };

let provider: BillingProvider | undefined;

async function obey(asked: ProviderCommand): Promise<ProviderAnswer> {
  if (asked.command === "start") {
    provider = await startBillingProvider(asked.options);
    return { kind: "started", url: provider.url };
  }
  if (asked.command === "totals")
    return { kind: "totals", totals: totalsOf(provider?.log() ?? []) };
  if (asked.command === "log") return { kind: "log", attempts: provider?.log() ?? [] };
  provider?.changePrices(asked.prices);
  return { kind: "done" };
}

process.on("message", (asked: ProviderCommand) => {
  void obey(asked).then((answer) => process.send?.(answer));
});
// Whoever started it has gone.
process.on("disconnect", () => process.exit(0));
