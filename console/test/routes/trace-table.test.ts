import type { TraceSpan } from "@lensai/analytics/queries/trace-spans";
import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import { render } from "svelte/server";
import { expect, test } from "vitest";
import TraceTable from "#lib/components/calls/TraceTable.svelte";
import { loadTrace } from "#lib/server/lake/load-trace.ts";
import { traceView } from "#lib/trace-view.ts";
import type { TraceAxis } from "#lib/trace-view.ts";
import { callRow } from "../support/sample-lake.ts";
import { useSampleLake } from "../support/use-sample-lake.ts";

const NOW = Date.parse("2026-11-23T14:05:09Z");
const AGENT = "00000000000000a1";
const CALL = "00000000000000c1";

const sample = useSampleLake();

async function tableHtml(row: SpanRow, axis?: TraceAxis): Promise<string> {
  await sample.reader.refresh();
  const records = await loadTrace(sample.reader, row);
  if (records === undefined) return "";
  const props = {
    trace: traceView(records),
    projectId: "default",
    isCurrent: ({ spanId }: TraceSpan) => spanId === row["span_id"],
    axis,
  };
  return render(TraceTable, { props }).body.replaceAll(/<!--.*?-->/gs, "");
}

const textOf = (html: string): string => html.replaceAll(/<[^>]+>/g, " ").replaceAll(/\s+/g, " ");

test("shows the trace of a call as a tree, with what is billed in it and what is not", async () => {
  const agent = callRow(NOW, {
    span_id: AGENT,
    span_name: "invoke_agent",
    billed: false,
    bill_rule: "aggregate",
  });
  const call = callRow(NOW + 100, { span_id: CALL, parent_span_id: AGENT, span_name: "chat" });
  const other = callRow(NOW, { trace_id: "f".repeat(32), span_name: "of another trace" });
  await sample.lake.land([agent, call, other]);

  const html = await tableHtml(call);
  const text = textOf(html);
  expect(text).toMatch(/invoke_agent .* sums up calls .*chat .* \$0\.0045/);
  expect(text).not.toContain("of another trace");
  expect(html).toMatch(/aria-current="true"[^>]*><td[^>]*--depth: ?1/);
  expect(html).toContain(`/calls/${String(agent["trace_id"])}/${AGENT}?at=${NOW}"`);
  expect(html).not.toContain(`/${CALL}?at=`);
});

test("shows where the cost is, and keeps to that from record to record", async () => {
  const agent = callRow(NOW, { span_id: AGENT, span_name: "invoke_agent", billed: false });
  const call = callRow(NOW + 100, { span_id: CALL, parent_span_id: AGENT, span_name: "chat" });
  const free = { span_name: "tool", billed: false, cost_nano_usd: null };
  const tool = callRow(NOW + 50, { ...free, span_id: "00000000000000b1", parent_span_id: AGENT });
  await sample.lake.land([agent, tool, call]);

  const html = await tableHtml(call, "cost");
  expect(textOf(html)).toMatch(
    /Share of the cost .*invoke_agent .* \$0\.0045 below .*tool .*chat .* \$0\.0045/,
  );
  expect(html).toContain(`/${AGENT}?at=${NOW}&amp;axis=cost"`);
  const bars = [
    ...html.matchAll(/class="bar([^"]*)" style="--start: ?([\d.]+)%; ?--length: ?([\d.]+)%/g),
  ];
  expect(
    bars.map(([, kind, start, length]) => [/isEmpty/.test(kind ?? ""), start, length]),
  ).toEqual([
    [false, "0.00", "100.00"],
    [true, "0.00", "0.00"],
    [false, "0.00", "100.00"],
  ]);
});

test("a record that is alone in its trace has no table", async () => {
  const call = callRow(NOW);
  await sample.lake.land([call]);
  expect(await tableHtml(call)).toBe("");
});
