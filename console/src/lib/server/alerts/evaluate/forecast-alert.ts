import { CONFIDENCE_PERCENT, type Forecast } from "@lensai/analytics/budgets/forecast";
import type { AlertOccurrence } from "../../services/alerts/record-alerts.ts";
import { budgetFacts, budgetKey, type BudgetReading } from "./budget-alerts.ts";

const METHOD_WORDS = {
  seasonal: "by the hours of the last weeks",
  run_rate: "at the rate of the last days",
} as const;

/**
 * A budget that is not spent and will be, if things go on so: the middle of the forecast is over the limit. A warning
 * when even its low end is. Once per budget and period; nothing while too little is known to say how sure it is.
 */
export function forecastAlert(
  reading: BudgetReading,
  forecast: Forecast,
): AlertOccurrence | undefined {
  if (forecast.kind === "unknown") return undefined;
  const { limitNanoUsd, spentNanoUsd } = reading;
  if (spentNanoUsd >= limitNanoUsd || forecast.endNanoUsd <= limitNanoUsd) return undefined;
  return {
    kind: "budget.forecast",
    key: `${budgetKey(reading)} forecast`,
    severity: forecast.lowNanoUsd > limitNanoUsd ? "warning" : "info",
    details: {
      ...budgetFacts(reading),
      forecastNanoUsd: forecast.endNanoUsd.toString(),
      lowNanoUsd: forecast.lowNanoUsd.toString(),
      highNanoUsd: forecast.highNanoUsd.toString(),
      confidencePercent: CONFIDENCE_PERCENT,
      method: METHOD_WORDS[forecast.method],
    },
  };
}
