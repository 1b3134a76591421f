import { afterAll, beforeAll, expect, test } from "vitest";
import { JSON_TYPE, TRACE_ID } from "./harness.ts";
import { attributesOf, startLandedCollector } from "./landed.ts";
import type { LandedCollector } from "./landed.ts";

let collector: LandedCollector;
beforeAll(async () => {
  collector = await startLandedCollector();
});
afterAll(() => collector.stop());

const span = (spanId: string) => ({
  traceId: TRACE_ID,
  spanId,
  name: "chat",
  startTimeUnixNano: "1790000000000000001",
  endTimeUnixNano: "1790000001000000001",
});

const requestOf = (spans: readonly object[], key: string) => ({
  path: "/v1/traces",
  headers: JSON_TYPE,
  body: JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] },
        scopeSpans: [{ scope: { name: "tracer", version: "1.2.3" }, spans }],
        schemaUrl: key,
      },
    ],
  }),
});

test("a producer's rejected and repeated records are found in the lake under its name", async () => {
  const good = span("b7ad6b7169203331");
  const first = requestOf([good, span("0000000000000000")], "a");
  await collector.land(first);
  await collector.target.send(first);
  await collector.target.send(requestOf([good], "b"));
  await collector.target.send({ path: "/v1/traces", headers: JSON_TYPE, body: "{" });
  await collector.target.send({
    path: "/v1/traces",
    headers: { "content-type": "application/x-protobuf" },
    body: Buffer.from([0x0a, 0xff]),
  });
  await collector.restart();
  const rows = await collector.newRows();
  const reports = rows.map((row) => {
    const attributes = attributesOf(row);
    return [
      row["span_name"],
      row["service_name"],
      row["scope_name"],
      row["scope_version"],
      attributes["lensai.ingest.outcome"],
      attributes["lensai.ingest.reason"],
      attributes["metric.value"],
      attributes["metric.temporality"],
    ];
  });
  const shop = ["lensai.ingest.records", "shop", "tracer", "1.2.3"];
  const nobody = ["lensai.ingest.requests", null, null, null];
  expect(new Set(reports)).toEqual(
    new Set([
      [...shop, "rejected", "span_id is all zeros", 1, "delta"],
      [...shop, "duplicate", undefined, 1, "delta"],
      [...nobody, "duplicate", undefined, 1, "delta"],
      [...nobody, "refused", "ingest.body_malformed", 1, "delta"],
    ]),
  );
});
