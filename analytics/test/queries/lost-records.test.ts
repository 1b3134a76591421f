import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import { expect, test } from "vitest";
import { clientLosses } from "../../src/queries/client-losses.ts";
import { ingestOutcomes } from "../../src/queries/ingest-outcomes.ts";
import type { QueryTarget } from "../../src/queries/query-source.ts";
import { DAY_MS, useTestLake, spanRow } from "../support/span-rows.ts";

const { duckDb, lake } = useTestLake();
const input = { fromUnixMs: DAY_MS, toUnixMs: DAY_MS + 60_000, limit: 10 };

interface Point {
  readonly atMs: number;
  readonly metric: string;
  readonly row?: SpanRow;
}

function point({ atMs, metric, row }: Point, attributes: object): SpanRow {
  return spanRow(atMs, {
    signal: "metric",
    billed: null,
    span_name: metric,
    service_name: "shop",
    attributes: JSON.stringify(attributes),
    ...row,
  });
}

const counter = (value: number, series: string, startMs = 0): object => ({
  "metric.value": value,
  "metric.temporality": "cumulative",
  "metric.start_unix_nano": String(BigInt(startMs) * 1_000_000n),
  "metric.series": series,
});

const outcome = (name: string, reason?: string): object => ({
  "lensai.ingest.outcome": name,
  ...(reason === undefined ? {} : { "lensai.ingest.reason": reason }),
});

const delta = (value: number, more: object): object => ({
  "metric.value": value,
  "metric.temporality": "delta",
  ...more,
});

async function target(name: string, rows: readonly SpanRow[]): Promise<QueryTarget> {
  return { duckDb, source: { files: [await lake.write(name, rows)] } };
}

test("what the collector did not take is summed up by producer, outcome and reason", async () => {
  const metric = "lensai.ingest.records";
  const row = { scope_name: "openai" };
  const rows = [
    point({ atMs: 1, metric, row }, delta(3, outcome("rejected", "too_large"))),
    point({ atMs: 2, metric, row }, delta(2, outcome("rejected", "too_large"))),
    point({ atMs: 3, metric }, delta(4, outcome("duplicate"))),
    point({ atMs: 3, metric }, delta(100, outcome("accepted"))),
    point({ atMs: 3, metric }, delta(0, outcome("ignored", "metric"))),
    point({ atMs: 4, metric: "other.metric" }, delta(9, outcome("rejected"))),
    point({ atMs: 4, metric, row: { project_id: "p2" } }, delta(9, outcome("rejected"))),
  ];
  expect(await ingestOutcomes("p1", input, await target("outcomes", rows))).toEqual([
    {
      serviceName: "shop",
      scopeName: "openai",
      outcome: "rejected",
      reason: "too_large",
      records: 5,
    },
    {
      serviceName: "shop",
      scopeName: undefined,
      outcome: "duplicate",
      reason: undefined,
      records: 4,
    },
  ]);
});

test("what clients lost is what their counters grew by, by place and reason", async () => {
  const metric = "otel.sdk.processor.span.processed";
  const row = { error_type: "queue_full" };
  const timeout = delta(2, { "error.type": "timeout" });
  const rows = [
    point({ atMs: 1, metric, row }, counter(10, "full")),
    point({ atMs: 2, metric, row }, counter(25, "full")),
    point({ atMs: 1, metric }, counter(100, "fine")),
    point({ atMs: 2, metric }, counter(180, "fine")),
    point({ atMs: 1, metric: "otel.sdk.exporter.span.exported" }, timeout),
    point({ atMs: 1, metric: "otel.sdk.exporter.span.inflight" }, timeout),
  ];
  expect(await clientLosses("p1", input, await target("losses", rows))).toEqual([
    { serviceName: "shop", stage: "processor", errorType: undefined, records: 80 },
    { serviceName: "shop", stage: "processor", errorType: "queue_full", records: 15 },
    { serviceName: "shop", stage: "exporter", errorType: "timeout", records: 2 },
  ]);
});

test("what has no line of its own is summed up by what happened", async () => {
  const refused = { metric: "lensai.ingest.records", atMs: 1 };
  const dropped = { metric: "otel.sdk.processor.span.processed", atMs: 1 };
  const rows = [
    ...["a", "b", "c"].flatMap((service_name, at) => [
      point(
        { ...refused, row: { service_name } },
        delta(10 - at, outcome("rejected", "too_large")),
      ),
      point({ ...dropped, row: { service_name } }, delta(10 - at, { "error.type": "queue_full" })),
    ]),
    point({ ...refused, row: { service_name: "d" } }, delta(1, outcome("duplicate"))),
  ];
  const asked = { ...input, limit: 1 };
  const full = await target("others", rows);
  const outcomes = await ingestOutcomes("p1", asked, full);
  expect(outcomes).toMatchObject([
    { serviceName: "a", outcome: "rejected", records: 10 },
    { serviceName: undefined, outcome: "rejected", reason: "too_large", records: 17, others: 2 },
    { serviceName: undefined, outcome: "duplicate", records: 1, others: 1 },
  ]);
  expect(outcomes[0]?.others).toBeUndefined();
  expect(await clientLosses("p1", asked, full)).toMatchObject([
    { serviceName: "a", records: 10 },
    { serviceName: undefined, errorType: "queue_full", records: 17, others: 2 },
  ]);
});

test.each([
  ["an hour before the range", DAY_MS - 3_600_000, 7],
  ["earlier", DAY_MS - 3_600_001, 2],
])("a service that started %s has lost what its first point says", async (_, startMs, records) => {
  const metric = "otel.sdk.processor.span.processed";
  const row = { error_type: "queue_full" };
  const rows = [
    point({ atMs: 1, metric, row }, counter(5, "s", startMs)),
    point({ atMs: 2, metric, row }, counter(7, "s", startMs)),
  ];
  const [loss] = await clientLosses("p1", input, await target(`young-${records}`, rows));
  expect(loss?.records).toBe(records);
});

test("nothing is known without files", async () => {
  const none = { duckDb, source: { files: [] } };
  expect(await ingestOutcomes("p1", input, none)).toEqual([]);
  expect(await clientLosses("p1", input, none)).toEqual([]);
});
