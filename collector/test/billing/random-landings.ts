import { isBilledRule } from "@lensai/otel-config/billing/bill-rule";
import type { CallRecord, SpanLink } from "@lensai/otel-config/billing/call-record";
import { resolveCalls } from "@lensai/otel-config/billing/resolve-calls";
import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import * as fc from "fast-check";
import { randomLinkMap, randomRecords } from "../../../otel-config/test/billing/random-records.ts";
import { hexId, linkRow, rowOf, textOf } from "./call-rows.ts";

/** How many parts of the input a row of the record tells apart. */
function toldApart({ usage }: CallRecord): number {
  return [usage.cached, usage.toolUsePrompt].filter((tokens) => tokens > 0).length;
}

/** What `resolveCalls` says about all records at once, as `verdictsAfter` says it. */
export function verdictsAtOnce(
  records: readonly CallRecord[],
  links: Readonly<Record<string, SpanLink>>,
): ReadonlyMap<number, string> {
  const named = records.map((record, at) => ({
    ...record,
    id: String(at).padStart(3, "0"),
    // The row tells the cached part and that of tools apart, too.
    usage: { ...record.usage, partCount: record.usage.partCount + toldApart(record) },
    models: record.models.length === 0 && record.usage.source === "none" ? ["?"] : record.models,
  }));
  const verdicts = resolveCalls(named, {
    find: ({ project, trace }, span) => (project === "p" ? links[`${trace} ${span}`] : undefined),
  });
  return new Map(
    verdicts.map(({ rule, shadowedBy }, at) => {
      const by = shadowedBy === undefined ? undefined : named[shadowedBy]?.span;
      const shadow = by === undefined ? null : hexId(String(by), 16);
      return [at, textOf(isBilledRule(rule), rule, shadow)];
    }),
  );
}

/** Records and other spans as rows, in any order, with borders between batches. */
export const randomLandings = fc.tuple(randomRecords, randomLinkMap).chain(([records, links]) => {
  // A span is one row: a record, or a span that is none.
  const spans = new Set(records.map(({ trace, span }) => `${trace} ${span}`));
  const free = Object.entries(links).filter(([name]) => !spans.has(name));
  const rows = [
    ...records.map((record, at) => rowOf(record, at)),
    ...free.map(([name, link], at) => linkRow(name, link, 1000 + at)),
  ];
  return fc.record({
    records: fc.constant(records),
    links: fc.constant(Object.fromEntries(free)),
    rows: fc.shuffledSubarray(rows, { minLength: rows.length }),
    borders: fc.array(fc.integer({ min: 0, max: rows.length }), { maxLength: 6 }),
  });
});

/** The rows as batches. */
export function cut(rows: readonly SpanRow[], borders: readonly number[]): SpanRow[][] {
  const ordered = [0, ...borders, rows.length].sort((left, right) => left - right);
  return ordered.slice(1).map((border, at) => rows.slice(ordered[at], border));
}
