import type { AlertDetails } from "@lensai/otel-config/alerts/alert";
import { averageCost, modelAtStake, type SourcesAnswer } from "#lib/sources.ts";
import type { AlertOccurrence } from "../../services/alerts/record-alerts.ts";

/**
 * What the sources of the last hours give to tell: models without a price, once per model and month; records that
 * are refused or lost, once per service, reason and day.
 */
export function sourceAlerts(sources: SourcesAnswer, now: Date): AlertOccurrence[] {
  return [...unpricedAlerts(sources, now), ...lossAlerts(sources, now)];
}

function unpricedAlerts(sources: SourcesAnswer, now: Date): AlertOccurrence[] {
  const average = averageCost(sources);
  const month = now.toISOString().slice(0, 7);
  // A model of two service tiers is one model to its readers.
  const byModel = Map.groupBy(sources.unpriced, ({ provider, model }) =>
    JSON.stringify([provider, model]),
  );
  return Array.from(byModel, ([name, group]) => {
    const [{ provider, model } = { provider: undefined, model: undefined }] = group;
    const stakes = group.map((one) => modelAtStake(one, average));
    const atStake = stakes.every((stake) => stake !== undefined)
      ? stakes.reduce((sum, stake) => sum + stake, 0n)
      : undefined;
    return {
      kind: "spend.unpriced",
      key: `unpriced ${month} ${name}`,
      severity: "warning",
      details: {
        ...(provider !== undefined && { provider }),
        ...(model !== undefined && { model }),
        calls: group.reduce((sum, { calls }) => sum + calls, 0),
        inputTokens: group.reduce((sum, { inputTokens }) => sum + inputTokens, 0n).toString(),
        outputTokens: group.reduce((sum, { outputTokens }) => sum + outputTokens, 0n).toString(),
        ...(atStake !== undefined && { atStakeNanoUsd: atStake.toString() }),
      },
    } as const;
  });
}

function lossAlerts({ outcomes, losses }: SourcesAnswer, now: Date): AlertOccurrence[] {
  const rejected = outcomes
    .filter(({ outcome }) => outcome === "rejected")
    .map(({ serviceName, reason, records }) => ({ serviceName, reason, records }));
  const dropped = losses
    .filter(({ errorType }) => errorType !== undefined)
    .map(({ serviceName, errorType, records }) => ({ serviceName, reason: errorType, records }));
  return [
    ...rejected.map((loss) => lossAlert("rejected", loss, now)),
    ...dropped.map((loss) => lossAlert("dropped", loss, now)),
  ];
}

interface Loss {
  readonly serviceName: string | undefined;
  readonly reason: string | undefined;
  readonly records: number;
}

function lossAlert(
  trouble: AlertDetails["ingest.trouble"]["trouble"],
  { serviceName, reason, records }: Loss,
  now: Date,
): AlertOccurrence {
  const day = now.toISOString().slice(0, 10);
  return {
    kind: "ingest.trouble",
    key: `ingest ${trouble} ${day} ${JSON.stringify([serviceName, reason])}`,
    severity: "warning",
    details: {
      trouble,
      records,
      ...(serviceName !== undefined && { serviceName }),
      ...(reason !== undefined && { reason }),
    },
  };
}
