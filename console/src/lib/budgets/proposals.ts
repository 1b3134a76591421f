import type { BudgetFields } from "./budget-fields.ts";
import { usdDecimal } from "@lensai/otel-config/money";

export interface Proposal {
  readonly title: string;
  readonly reason: string;
  /** What the form is filled with. */
  readonly fields: BudgetFields;
}

/** What was spent in the last 30 days. */
export interface MonthSpend {
  readonly costNanoUsd: bigint;
  readonly dearestUserNanoUsd: bigint | undefined;
  readonly dearestModel: { readonly name: string; readonly costNanoUsd: bigint } | undefined;
}

const DAYS_PER_MONTH = 30n;

/** Budgets that would have fitted the last month with room: none of them stops what was normal. */
export function proposeBudgets(spend: MonthSpend): Proposal[] {
  const { costNanoUsd, dearestUserNanoUsd, dearestModel } = spend;
  if (costNanoUsd <= 0n) return [];
  const proposals: Proposal[] = [
    {
      title: "All calls, per month",
      reason: "a quarter more than the last 30 days",
      fields: {
        name: "all calls, monthly",
        kind: "month",
        limitUsd: roundedUpUsd((costNanoUsd * 5n) / 4n),
      },
    },
  ];
  if (dearestUserNanoUsd !== undefined && dearestUserNanoUsd > 0n)
    proposals.push({
      title: "Each user, per month",
      reason: "half as much again as the dearest user of the last 30 days",
      fields: {
        name: "each user, monthly",
        kind: "month",
        each: "user",
        limitUsd: roundedUpUsd((dearestUserNanoUsd * 3n) / 2n),
      },
    });
  if (dearestModel !== undefined && dearestModel.costNanoUsd > 0n)
    proposals.push({
      title: `${dearestModel.name}, per day`,
      reason: "three times its average day of the last 30",
      fields: {
        name: `${dearestModel.name}, daily`,
        kind: "day",
        model: dearestModel.name,
        limitUsd: roundedUpUsd((dearestModel.costNanoUsd * 3n) / DAYS_PER_MONTH),
      },
    });
  return proposals;
}

/** To two leading digits, upwards: $123.45 is 130. At least a cent. */
function roundedUpUsd(nanoUsd: bigint): string {
  const cent = 10_000_000n;
  const amount = nanoUsd < cent ? cent : nanoUsd;
  const step = 10n ** BigInt(Math.max(0, amount.toString().length - 2));
  return usdDecimal(((amount + step - 1n) / step) * step);
}
