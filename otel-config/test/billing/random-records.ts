import * as fc from "fast-check";
import type { CallRecord, SpanLink, SpanLinks } from "../../src/billing/call-record.ts";
import { record } from "./sample-records.ts";

/** Records that share traces, spans, ids, counts and times so often that every rule is met. */

const chance = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });
const span = fc.integer({ min: 0, max: 11 }).map((number) => `s${number}`);

const drawn = fc.record({
  project: fc.constantFrom("p", "p", "p", "q"),
  trace: fc.constantFrom("t1", "t1", "t2", "t3"),
  span,
  parent: chance(span),
  part: fc.constantFrom("call", "call", "call", "agent", "step"),
  signal: fc.constantFrom("span", "span", "span", "log"),
  scope: fc.constantFrom("a", "b", "c"),
  service: fc.constantFrom("one", "one", "two"),
  model: fc.constantFrom("gpt-5-mini", "gpt-5-mini", "gpt-5", ""),
  responseId: chance(fc.constantFrom("r1", "r2", "r3")),
  atMs: fc.integer({ min: 0, max: 20 }).map((step) => step * 150),
  lastsMs: fc.integer({ min: 0, max: 12 }).map((step) => step * 150),
  usage: fc.record({
    source: fc.constantFrom("reported", "reported", "derived", "estimated", "missing", "none"),
    input: fc.constantFrom(10, 10, 28),
    output: fc.constantFrom(5, 5, 7),
    cached: fc.constantFrom(0, 0, 18),
    toolUsePrompt: fc.constantFrom(0, 0, 18),
    partCount: fc.integer({ min: 0, max: 2 }),
    isPriced: fc.boolean(),
  }),
} as const);

export const randomRecords: fc.Arbitrary<CallRecord[]> = fc
  .array(drawn, { minLength: 1, maxLength: 24 })
  .map((samples) =>
    samples.map((sample, at) => {
      const isLog = sample.signal === "log";
      const isAggregate = sample.part !== "call";
      return record(`record ${String(at).padStart(2, "0")}`, {
        ...sample,
        // Only calls are reported by logs, and only calls lack usage.
        part: isLog ? "call" : sample.part,
        span: isLog ? undefined : sample.span,
        usage: isAggregate ? { ...sample.usage, source: "reported" } : sample.usage,
      });
    }),
  );

/** Spans that are no records, by "trace span". */
export const randomLinkMap: fc.Arbitrary<Record<string, SpanLink>> = fc.dictionary(
  fc.tuple(fc.constantFrom("t1", "t2", "t3"), span).map((names) => names.join(" ")),
  fc.record({ parent: chance(span), isBoundary: fc.boolean() }),
  { maxKeys: 20 },
);

export const randomLinks: fc.Arbitrary<SpanLinks> = randomLinkMap.map((links) => ({
  find: ({ trace }, parent): SpanLink | undefined => links[`${trace} ${parent}`],
}));
