import { appendPriceEntries } from "@lensai/analytics/prices/price-file";
import { MODEL } from "./call-plan.ts";
import type { TokenPrices } from "./provider/provider-log.ts";

const TOKENS = 1_000_000;
const NANO_PER_DOLLAR = 1e9;

/** Says in the installation's price file what the model costs from this moment on; undefined: at any time. */
export async function agreeOnPrices(
  pricesFile: string,
  prices: TokenPrices,
  validFrom: Date | undefined,
): Promise<void> {
  await appendPriceEntries(pricesFile, [
    {
      projectId: undefined,
      provider: "openai",
      model: MODEL,
      match: "exact",
      serviceTier: "standard",
      change: {
        kind: "prices",
        prices: {
          input_mtok: dollarsPerMillion(prices.inputNanoUsd),
          output_mtok: dollarsPerMillion(prices.outputNanoUsd),
        },
      },
      validFrom,
      validUntil: undefined,
      recordedAt: new Date(),
      recordedBy: "bench:budgets",
      source: "the fake provider",
    },
  ]);
}

const dollarsPerMillion = (nanoUsd: bigint): string =>
  String((Number(nanoUsd) * TOKENS) / NANO_PER_DOLLAR);
