import { render } from "svelte/server";
import { expect, test } from "vitest";
import { loadDashboard } from "#lib/server/lake/load-dashboard.ts";
import { parseTimeRange } from "#lib/time-range.ts";
import ProjectPage from "../../src/routes/projects/[projectId=projectId]/+page.svelte";
import { callRow } from "../support/sample-lake.ts";
import { useSampleLake } from "../support/use-sample-lake.ts";

const NOW = Date.parse("2026-11-23T14:05:09Z");
const MINUTE = 60_000;

const sample = useSampleLake();

/** The text of the page, as a person or a screen reader meets it. */
const CONNECTION = {
  endpoints: { host: "127.0.0.1", otlpHttpPort: "4318", consolePort: "3000", dataDir: undefined },
  needsKey: false,
  keysHref: "/projects/default/settings",
};

async function pageText(query = "", props: object = {}): Promise<string> {
  const html = await pageHtml(query, props);
  return html
    .replaceAll(/<!--.*?-->/gs, "")
    .replaceAll(/<[^>]+>/g, " ")
    .replaceAll(/\s+/g, " ");
}

async function pageHtml(query = "", props: object = {}): Promise<string> {
  const { range, problem } = parseTimeRange(new URLSearchParams(query), NOW);
  const answer = await loadDashboard(sample.reader, {
    projectId: "default",
    range,
    nowUnixMs: NOW,
    keptFromMs: undefined,
  });
  const data = {
    projects: [{ id: "default", name: "Default" }],
    project: { id: "default", name: "Default" },
    mayReadCalls: true,
    range,
    problem,
    keptFromMs: undefined,
    nowUnixMs: NOW,
    connection: CONNECTION,
    ...answer,
    ...props,
  };
  const request = { page: { params: {}, url: new URL("http://localhost/") }, navigating: {} };
  const { body } = render(ProjectPage, {
    props: { data, params: { projectId: "default" } } as never,
    context: new Map([["__request__", request]]),
  });
  return body;
}

test("waits for the first span and shows what to paste", async () => {
  const text = await pageText();
  expect(text).toContain("Waiting for the first span");
  expect(text).toContain("OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318");
  expect(text).toContain("npx pnpm@12 seed");
  expect(text).toContain("no data yet");
  expect(text).not.toContain("$0.00");
});

test("offers a seed command that finds an installation on other ports, with its data elsewhere", async () => {
  const endpoints = {
    host: "127.0.0.1",
    otlpHttpPort: "4518",
    consolePort: "3400",
    dataDir: "/data/of ann",
  };
  expect(await pageText("", { connection: { ...CONNECTION, endpoints } })).toContain(
    "LENSAI_DATA_DIR='/data/of ann' LENSAI_CONSOLE_PORT=3400 LENSAI_OTLP_HTTP_PORT=4518 npx pnpm@12 seed",
  );
});

test("asks for the key where spans need one", async () => {
  expect(await pageText("", { connection: { ...CONNECTION, needsKey: true } })).toContain(
    "x-api-key=&lt;your key",
  );
});

test("says when spans arrive that are no model calls", async () => {
  await sample.lake.land([callRow(NOW - MINUTE, { billed: false })]);
  expect(await pageText()).toContain("Spans arrive, but none of them is a model call yet");
});

test("shows spend with its coverage, calls, latency, errors and tokens", async () => {
  await sample.lake.land([
    callRow(NOW - MINUTE, { cache_read_tokens: 500n }),
    callRow(NOW - 2 * MINUTE, { cost_nano_usd: null, response_model: "own-model" }),
    callRow(NOW - 3 * MINUTE, { status: "error", error_type: "timeout", user_id: null }),
    callRow(NOW - 4 * MINUTE, { duration_ns: 3_000_000_000n }),
  ]);
  const text = await pageText();
  expect(text).toContain("Spend $0.0135 75.0 % priced · 1 call without a cost");
  expect(text).toContain("Calls 4 $0.0045 per priced call");
  expect(text).toContain("Latency 1.50 s p50");
  expect(text).toContain("Errors 25.0 % 1 failed call");
  expect(text).toContain("Tokens 4,800 4,000 in · 800 out");
  expect(text).toContain("From cache 12.5 % of input tokens");
  expect(text).toContain("own-model unknown");
  expect(text).toContain("calls without a user");
  expect(text).toContain("newest data 58 s ago");
});

test("shows unknown, never $0.00, when no call has a price", async () => {
  await sample.lake.land([callRow(NOW - MINUTE, { cost_nano_usd: null })]);
  const text = await pageText();
  expect(text).toContain("Spend unknown 0 % priced · 1 call without a cost");
  expect(text).not.toContain("$0.00");
});

test("says how the spend compares with the time before", async () => {
  await sample.lake.land([
    callRow(NOW - MINUTE, { cost_nano_usd: 3_000_000n }),
    callRow(NOW - 26 * 60 * MINUTE, { cost_nano_usd: 2_000_000n }),
  ]);
  expect(await pageText()).toContain("50 % more than before");
  expect(await pageHtml()).toContain('title="$0.002 from 21 Nov 14:30 to 22 Nov 14:05 UTC"');
  // Nothing was spent in the hour before: there is nothing to compare with.
  expect(await pageText("range=1h")).not.toContain("than before");
});

test("marks what is estimated, in the total, in the lists and at the call", async () => {
  await sample.lake.land([
    callRow(NOW - MINUTE),
    callRow(NOW - 2 * MINUTE, {
      usage_source: "estimated",
      usage_rule: "openlit-langchain-estimates",
      response_model: "gpt-4o-mini",
      cost_nano_usd: 1_500_000n,
    }),
  ]);
  const text = await pageText();
  expect(text).toContain("Spend $0.006 100 % priced ≈ $0.0015 of it estimated");
  expect(text).toContain("gpt-4o-mini ≈ partly estimated $0.0015");
  expect(text).toContain("≈ estimated $0.0015");
  expect(text).not.toContain("≈ estimated $0.0045");
  expect(await pageHtml()).toContain("estimated: this producer is known to send counts");
});

test("leads from the coverage to what is missing, and from a cost to its arithmetic", async () => {
  await sample.lake.land([callRow(NOW - MINUTE, { cost_nano_usd: null })]);
  const html = await pageHtml();
  expect(html).toContain('href="/projects/default/sources?');
  expect(html).toContain(
    `href="?call=calls.0af7651916cd43dd8448eb211c80319c.b7ad6b7169203331.${NOW - MINUTE}"`,
  );
});

test("says that failed calls are not billed, never $0.00 or unknown", async () => {
  await sample.lake.land([
    callRow(NOW - MINUTE, {
      status: "error",
      billed: false,
      bill_rule: "failed",
      cost_nano_usd: null,
      input_tokens: null,
      output_tokens: null,
      response_model: null,
      request_model: "refusing-model",
    }),
    callRow(NOW - 2 * MINUTE),
  ]);
  const text = await pageText();
  expect(text).toContain("refusing-model not billed 1 –");
  expect(text.match(/not billed/g)).toHaveLength(2);
  expect(text).toContain("Spend $0.0045 100 % priced");
});

test("shows unknown for usage and latency that nobody reported", async () => {
  await sample.lake.land([
    callRow(NOW - MINUTE, { input_tokens: null, output_tokens: null, duration_ns: null }),
  ]);
  const text = await pageText();
  expect(text).toContain("Latency unknown");
  expect(text).toContain("Tokens unknown");
  expect(text).toContain("From cache unknown");
});

test("has a table with the numbers of the chart", async () => {
  await sample.lake.land([callRow(Date.parse("2026-11-23T14:02:00Z"))]);
  expect(await pageText()).toContain("23 Nov 14:00 to 14:30 $0.0045 1 $0.0045");
});

test("leads from a call to its page", async () => {
  await sample.lake.land([callRow(NOW - MINUTE), callRow(NOW, { trace_id: null, span_id: null })]);
  const html = await pageHtml();
  expect(html).toContain(
    `href="/projects/default/calls/0af7651916cd43dd8448eb211c80319c/b7ad6b7169203331?at=${NOW - MINUTE}"`,
  );
  expect(html.match(/href="\/projects\/default\/calls\//g)).toHaveLength(1);
});

test("offers a longer range when this one is empty", async () => {
  await sample.lake.land([callRow(NOW - 20 * 24 * 60 * MINUTE)]);
  const text = await pageText("range=1h");
  expect(text).toContain("No calls in this time range");
  expect(text).toContain("newest data 19 d ago");
  expect(text).not.toContain("Waiting for the first span");
});

test("says what is wrong with the range in the URL", async () => {
  await sample.lake.land([callRow(NOW - MINUTE)]);
  expect(await pageText("range=2w")).toContain('"2w" is not a time range');
});

test("shows names that clients send as text", async () => {
  await sample.lake.land([callRow(NOW - MINUTE, { user_id: "<img src=x onerror=alert(1)>" })]);
  const html = await pageHtml();
  expect(html).toContain("&lt;img src=x onerror=alert(1)");
  expect(html).not.toContain("<img src=x");
});

test("shows no calls to those who may only see what is spent", async () => {
  await sample.lake.land([callRow(NOW - MINUTE)]);
  const html = await pageHtml("", { mayReadCalls: false });
  expect(html).toContain("gpt-4o");
  expect(html).not.toContain("Newest calls");
  expect(html).not.toContain("/calls");
});
