import type { TraceSpan } from "@lensai/analytics/queries/trace-spans";
import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import { render } from "svelte/server";
import { expect, test } from "vitest";
import TraceTable from "#lib/components/calls/TraceTable.svelte";
import { loadTrace } from "#lib/server/lake/load-trace.ts";
import { traceView } from "#lib/trace-view.ts";
import { callRow } from "../support/sample-lake.ts";
import { useSampleLake } from "../support/use-sample-lake.ts";

const NOW = Date.parse("2026-11-23T14:05:09Z");
const AGENT = "00000000000000a1";
const CALL = "00000000000000c1";

const sample = useSampleLake();

async function tableHtml(row: SpanRow): Promise<string> {
  await sample.reader.refresh();
  const records = await loadTrace(sample.reader, row);
  if (records === undefined) return "";
  const props = {
    trace: traceView(records),
    projectId: "default",
    isCurrent: ({ spanId }: TraceSpan) => spanId === row["span_id"],
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

test("a record that is alone in its trace has no table", async () => {
  const call = callRow(NOW);
  await sample.lake.land([call]);
  expect(await tableHtml(call)).toBe("");
});
