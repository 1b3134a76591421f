import type { RecordOutcome } from "../decode/record-outcomes.ts";
import { otlpRoot } from "../receiver/proto/otlp.ts";

/**
 * What became of records that made no row, for the people who run the clients: kept in memory for a minute,
 * then written into the lake as metric points under the producer's own name, where the console finds them.
 */

/** Distinct (project, origin, outcome, reason) kept between two reports; the rest is counted without details. */
const OUTCOMES_MAX = 10_000;

/** Metric names; the points are deltas. */
const INGEST_RECORDS = "lensai.ingest.records";
const INGEST_REQUESTS = "lensai.ingest.requests";

const OUTCOME_KEY = "lensai.ingest.outcome";
const REASON_KEY = "lensai.ingest.reason";
const DELTA = 1;
const NANOS_PER_MS = 1_000_000n;

interface Tally {
  readonly metric: string;
  readonly outcome: RecordOutcome;
}

export class IngestReports {
  private projects = new Map<string, Map<string, Tally>>();
  private size = 0;
  private sinceMs: number;

  constructor(nowMs: number) {
    this.sinceMs = nowMs;
  }

  /** Records of a request that was taken. */
  noteRecords(projectId: string, outcomes: readonly RecordOutcome[]): void {
    for (const outcome of outcomes) this.add(projectId, { metric: INGEST_RECORDS, outcome });
  }

  /** A whole request: one refused (`reason` is the error's code), or one that had come before. */
  noteRequest(projectId: string, what: Pick<RecordOutcome, "outcome" | "reason">): void {
    const outcome = {
      service: undefined,
      scope: undefined,
      scopeVersion: undefined,
      ...what,
      count: 1,
    };
    this.add(projectId, { metric: INGEST_REQUESTS, outcome });
  }

  private add(projectId: string, { metric, outcome }: Tally): void {
    const tallies = this.projects.get(projectId) ?? new Map<string, Tally>();
    this.projects.set(projectId, tallies);
    const isFull = this.size >= OUTCOMES_MAX;
    const { service, scope, scopeVersion, reason } = isFull ? NO_DETAILS : outcome;
    const key = JSON.stringify([metric, outcome.outcome, reason, service, scope, scopeVersion]);
    const known = tallies.get(key);
    if (known !== undefined) known.outcome.count += outcome.count;
    else {
      const kept = { ...outcome, service, scope, scopeVersion, reason };
      tallies.set(key, { metric, outcome: kept });
      this.size += 1;
    }
  }

  /** Everything noted since the last time, as one OTLP metrics request per project, and starts over. */
  take(nowMs: number): { readonly projectId: string; readonly body: Uint8Array }[] {
    const times = { sinceMs: this.sinceMs, nowMs };
    const reports = [...this.projects].map(([projectId, tallies]) => ({
      projectId,
      body: requestOf([...tallies.values()], times),
    }));
    this.projects = new Map();
    this.size = 0;
    this.sinceMs = nowMs;
    return reports;
  }
}

const NO_DETAILS = {
  service: undefined,
  scope: undefined,
  scopeVersion: undefined,
  reason: undefined,
};

function requestOf(
  tallies: readonly Tally[],
  times: { sinceMs: number; nowMs: number },
): Uint8Array {
  const type = otlpRoot().lookupType("ExportMetricsServiceRequest");
  const resourceMetrics = tallies.map(({ metric, outcome }) => ({
    resource: { attributes: attributesOf({ "service.name": outcome.service }) },
    scopeMetrics: [
      {
        scope: { name: outcome.scope ?? "", version: outcome.scopeVersion ?? "" },
        metrics: [
          {
            name: metric,
            sum: {
              aggregationTemporality: DELTA,
              isMonotonic: true,
              dataPoints: [
                {
                  startTimeUnixNano: nanosOf(times.sinceMs),
                  timeUnixNano: nanosOf(times.nowMs),
                  asInt: outcome.count,
                  attributes: attributesOf({
                    [OUTCOME_KEY]: outcome.outcome,
                    [REASON_KEY]: outcome.reason,
                  }),
                },
              ],
            },
          },
        ],
      },
    ],
  }));
  return type.encode(type.fromObject({ resourceMetrics })).finish();
}

const nanosOf = (unixMs: number): string => String(BigInt(unixMs) * NANOS_PER_MS);

function attributesOf(values: Readonly<Record<string, string | undefined>>): object[] {
  return Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: { stringValue: value } }],
  );
}
