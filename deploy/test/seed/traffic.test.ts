import { otlpRoot } from "@lensai/collector/receiver/proto/otlp";
import { createPriceBook } from "@lensai/otel-config/pricing/layered-book";
import { describe, expect, it } from "vitest";
import { encodeTraces } from "../../seed/encode.ts";
import { emptyTally, tallyTraces } from "../../seed/expected-spend.ts";
import { PROJECTS } from "../../seed/projects.ts";
import { parseSeedOptions } from "../../seed/seed-options.ts";
import { generateTraffic, runId, type TrafficPlan } from "../../seed/traffic.ts";

const PLAN: TrafficPlan = {
  seed: "test",
  projects: PROJECTS,
  days: 14,
  spansPerDay: 400,
  untilMs: Date.UTC(2026, 10, 20, 13, 30),
};

const allTraces = (plan: TrafficPlan) => [...generateTraffic(plan)].flatMap(({ traces }) => traces);
const allSpans = (plan: TrafficPlan) => allTraces(plan).flatMap(({ spans }) => spans);
const idsOf = (plan: TrafficPlan): string[] =>
  allSpans(plan).map(({ spanId }) => Buffer.from(spanId).toString("hex"));
const digest = (plan: TrafficPlan): string =>
  [...generateTraffic(plan)]
    .map(({ traces }) => Buffer.from(encodeTraces(traces)).toString("base64"))
    .join();

describe("the seed's traffic", () => {
  it("is the same for the same plan, and another for another seed", () => {
    expect(digest(PLAN)).toBe(digest({ ...PLAN }));
    expect(digest(PLAN)).not.toBe(digest({ ...PLAN, seed: "other" }));
    expect(runId(PLAN)).not.toBe(runId({ ...PLAN, seed: "other" }));
  });

  it("only grows at its end when it is made later on the same day", () => {
    const later = new Set(idsOf({ ...PLAN, untilMs: PLAN.untilMs + 3_600_000 }));
    expect(idsOf(PLAN).filter((id) => !later.has(id))).toEqual([]);
  });

  it("ends at the time given and starts the days asked for before it", () => {
    const ends = allSpans(PLAN).map((span) =>
      Number((span.startUnixNano + span.durationNs) / 1_000_000n),
    );
    expect(Math.max(...ends)).toBeLessThanOrEqual(PLAN.untilMs);
    expect(Math.min(...ends)).toBeGreaterThanOrEqual(Date.UTC(2026, 10, 7));
  });

  it("never uses an id twice, and every parent is in its trace", () => {
    const spans = allSpans(PLAN);
    expect(new Set(spans.map(({ spanId }) => Buffer.from(spanId).toString("hex"))).size).toBe(
      spans.length,
    );
    for (const { spans: ofTrace } of allTraces(PLAN)) {
      const ids = new Set(ofTrace.map(({ spanId }) => Buffer.from(spanId).toString("hex")));
      const parents = ofTrace.flatMap(({ parentSpanId }) => parentSpanId ?? []);
      expect(parents.every((id) => ids.has(Buffer.from(id).toString("hex")))).toBe(true);
    }
  });

  it("has errors, streams, cached tokens, agents, tools, embeddings and a model without a price", () => {
    const spans = allSpans(PLAN);
    const has = (name: string, value?: unknown): boolean =>
      spans.some(({ attributes }) =>
        value === undefined ? attributes[name] !== undefined : attributes[name] === value,
      );
    expect(spans.some(({ error }) => error !== undefined)).toBe(true);
    expect(has("gen_ai.response.time_to_first_chunk")).toBe(true);
    expect(has("gen_ai.usage.cache_read.input_tokens")).toBe(true);
    expect(has("gen_ai.usage.cache_write.input_tokens")).toBe(true);
    expect(has("gen_ai.usage.cache_creation.input_tokens")).toBe(true);
    for (const operation of ["chat", "embeddings", "invoke_agent", "execute_tool"]) {
      expect(has("gen_ai.operation.name", operation)).toBe(true);
    }
    const tally = emptyTally();
    tallyTraces(tally, allTraces(PLAN), createPriceBook());
    expect(tally.unpricedCalls).toBeGreaterThan(0);
    expect(tally.unpricedCalls).toBeLessThan(tally.calls / 5);
    expect(tally.spendNanoUsd).toBeGreaterThan(0n);
  });

  it("is valid OTLP with exact times", () => {
    const traces = allTraces({ ...PLAN, days: 1 });
    const type = otlpRoot().lookupType("opentelemetry.proto.ExportTraceServiceRequest");
    const decoded = type.toObject(type.decode(encodeTraces(traces)), { longs: String }) as {
      resourceSpans: { scopeSpans: { spans: { startTimeUnixNano: string }[] }[] }[];
    };
    const times = decoded.resourceSpans.flatMap(({ scopeSpans }) =>
      scopeSpans.flatMap(({ spans }) => spans.map((span) => span.startTimeUnixNano)),
    );
    const wanted = traces.flatMap(({ spans }) => spans.map((span) => String(span.startUnixNano)));
    expect(times.toSorted()).toEqual(wanted.toSorted());
  });
});

describe("the seed's options", () => {
  it("lists every wrong value in one message", () => {
    expect(() => parseSeedOptions(["--days=0", "--projects=99", "--spans-per-day=x"])).toThrow(
      /--days: "0".*--spans-per-day: "x".*--projects: "99"/,
    );
    expect(() => parseSeedOptions(["--dayz=1"])).toThrow(/--dayz/);
  });

  it("accepts both ends of each range", () => {
    expect(parseSeedOptions(["--days=1", "--projects=1"])).toMatchObject({ days: 1, projects: 1 });
    expect(parseSeedOptions(["--days=365"])).toMatchObject({
      days: 365,
      projects: PROJECTS.length,
    });
    expect(() => parseSeedOptions(["--days=366"])).toThrow(/366/);
  });
});
