import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import { render } from "svelte/server";
import { expect, test } from "vitest";
import { loadDespiteSwitches, type SwitchTime } from "#lib/server/lake/load-despite-switches.ts";
import { loadSources } from "#lib/server/lake/load-sources.ts";
import { parseTimeRange } from "#lib/time-range.ts";
import SourcesPage from "../../src/routes/projects/[projectId=projectId]/sources/+page.svelte";
import { callRow } from "../support/sample-lake.ts";
import { useSampleLake } from "../support/use-sample-lake.ts";

const NOW = Date.parse("2026-11-23T14:05:09Z");
const MINUTE = 60_000;

const CONNECTION = {
  endpoints: { host: "127.0.0.1", otlpHttpPort: "4318", consolePort: "3000", dataDir: undefined },
  needsKey: true,
  keysHref: "/projects/default/settings",
};

const sample = useSampleLake();

async function pageHtml(
  rows: readonly SpanRow[],
  switches: readonly SwitchTime[] = [],
): Promise<string> {
  if (rows.length > 0) await sample.lake.land(rows);
  const { range } = parseTimeRange(new URLSearchParams(), NOW);
  const answer = await loadSources(sample.reader, "default", range.window);
  const asked = { range: range.window, switches };
  const despite = await loadDespiteSwitches(sample.reader, "default", asked);
  const hasContent = sample.reader.hasContent({ projectId: "default", ...range.window });
  const content = hasContent ? { retention: sample.lake.settings.retention } : undefined;
  const project = { id: "default", name: "Default" };
  const data = { project, range, nowUnixMs: NOW, answer, despite, content, connection: CONNECTION };
  const shown = {
    params: {},
    url: new URL("http://localhost/"),
    data: { dataDir: "/srv/lens ai" },
  };
  const request = { page: shown, navigating: {} };
  const { body } = render(SourcesPage, {
    props: { data, params: {} } as never,
    context: new Map([["__request__", request]]),
  });
  return body;
}

const textOf = (body: string): string =>
  body
    .replaceAll(/<!--.*?-->/gs, "")
    .replaceAll(/<[^>]+>/g, " ")
    .replaceAll(/\s+/g, " ");

const pageText = async (
  rows: readonly SpanRow[],
  switches: readonly SwitchTime[] = [],
): Promise<string> => textOf(await pageHtml(rows, switches));

const row = (values: SpanRow): SpanRow =>
  callRow(NOW - MINUTE, { service_name: "shop", scope_name: "openai", ...values });

const attributes = (more: object): string =>
  JSON.stringify({ "metric.value": 7, "metric.temporality": "delta", ...more });

test("says what appears here while nothing has arrived", async () => {
  const text = await pageText([]);
  expect(text).toContain("Nothing arrived in this time range");
});

test("says how one more app is connected, whether or not something arrives", async () => {
  for (const rows of [[], [row({})]]) {
    const text = await pageText(rows);
    expect(text).toContain("Connect an app");
    expect(text).toMatch(/Python Node Claude Code Codex CLI One call by hand/);
    expect(text).toContain("x-api-key=&lt;your key");
  }
});

test("says which calls may be those of a gateway, and what is at stake", async () => {
  const times = { input_tokens: 1234n, output_tokens: 56n, duration_ns: 900_000_000n };
  const rows = [
    row({ ...times, service_name: "app", trace_id: "a1", response_id: null }),
    row({ ...times, service_name: "gateway", trace_id: "b2", duration_ns: 800_000_000n }),
  ];
  const text = await pageText(rows);
  expect(text).toContain("1 call possibly the same as those of app");
  expect(text).toMatch(/1 call possibly billed twice: \$/);
});

test("marks what was called while a kill-switch was on", async () => {
  const killSwitch = {
    id: "ks_1",
    scope: { model: "gpt-4o*" },
    reason: "an agent runs in a loop",
    triggeredAt: new Date(NOW - 2 * MINUTE),
  };
  const rows = [row({ request_model: "gpt-4o-mini" }), row({ request_model: "gpt-5" })];
  const text = await pageText(rows, [killSwitch]);
  expect(text).toContain("Called in spite of a kill-switch");
  expect(text).toMatch(/Model gpt-4o\* an agent runs in a loop .* shop 1 0 /);
  const released = { ...killSwitch, releasedAt: new Date(NOW - MINUTE) };
  expect(await pageText([], [released])).not.toContain("in spite of");
});

test("says that messages are stored where some are, of this project and time", async () => {
  const said = { input_messages: '[{"role":"user"}]' };
  const old = NOW - 3 * 86_400_000;
  const others = [
    row({ ...said, project_id: "other" }),
    row({ ...said, start_time: BigInt(old) * 1000n, start_unix_nano: BigInt(old) * 1_000_000n }),
  ];
  expect(await pageText([row({}), ...others])).not.toContain("Messages are stored");
  await sample.lake.land([row({ ...said, span_id: "00f067aa0ba902b7" })]);
  await sample.reader.lookForNews();
  const html = await pageHtml([]);
  expect(textOf(html)).toContain("Messages are stored");
  expect(textOf(html)).toContain("They are kept for ever, as calls are.");
  expect(html).toContain('href="/projects/default/settings"');
});

test("is content when everything is in order", async () => {
  const text = await pageText([row({})]);
  expect(text).toContain("Usage reported 100 % of 1 billed call");
  expect(text).toContain("Spend at stake $0.00 every billed call has a cost");
  expect(text).toContain("Nothing is known to be wrong");
  expect(text).toContain("Every call with usage has a price.");
  expect(text).toContain("None of these apps reports what it drops");
});

test("names the producer that drops usage in streams, with what to paste", async () => {
  const missing = { input_tokens: null, output_tokens: null, cost_nano_usd: null };
  const text = await pageText([
    row({}),
    row({ usage_source: "missing", usage_rule: "stream-without-usage", ...missing }),
  ]);
  expect(text).toContain("1 call without usage openai · shop");
  expect(text).toContain("stream_options: { include_usage: true }");
  expect(text).toContain("known to guess or drop usage");
  expect(text).toContain("Usage reported 50.0 % 1 missing");
  expect(text).toContain("≈ $0.0045 at the average of priced calls");
});

test("lists models without a price with the way to the form that gives them one", async () => {
  const body = await pageHtml([
    row({}),
    row({ response_model: "own $(reboot)", cost_nano_usd: null }),
  ]);
  expect(body).toContain(
    'href="/projects/default/prices?provider=openai&amp;model=own+%24%28reboot%29&amp;serviceTier=standard#set"',
  );
  const text = textOf(body);
  expect(text).toContain("own $(reboot) openai Set its price");
  expect(text).toContain("Priced 50.0 % 1 call without a cost");
});

test("shows repeats as money that was not counted twice", async () => {
  const text = await pageText([row({}), row({ billed: false, bill_rule: "nested" })]);
  expect(text).toContain("Not counted twice $0.0045 1 record of billed calls");
  expect(text).toContain("1 repeat: same call, nested");
});

test("shows what collectors refused and clients dropped", async () => {
  const metric = { signal: "metric", billed: null, cost_nano_usd: null };
  const text = await pageText([
    row({}),
    row({
      ...metric,
      span_name: "lensai.ingest.records",
      attributes: attributes({
        "lensai.ingest.outcome": "rejected",
        "lensai.ingest.reason": "too_large",
      }),
    }),
    row({
      ...metric,
      span_name: "otel.sdk.processor.span.processed",
      error_type: "queue_full",
      attributes: attributes({}),
    }),
  ]);
  expect(text).toContain("Lost on the way 14 7 rejected · 7 dropped");
  expect(text).toContain("7 records rejected: too large");
  expect(text).toContain("7 records dropped by the app before sending");
});

test("leaves instrumentations that make no model calls aside", async () => {
  const text = await pageText([
    row({}),
    row({ scope_name: "http", billed: null, bill_rule: null, call_role: "other" }),
  ]);
  expect(text).toContain("1 more producer without model calls");
});

test("counts what has no line of its own, and says how much that is", async () => {
  const rows = Array.from({ length: 203 }, (_, at) =>
    row({
      service_name: `app-${at}`,
      request_model: `own-${at}`,
      response_model: null,
      cost_nano_usd: null,
    }),
  );
  const text = await pageText(rows);
  expect(text).toContain("203 producers");
  expect(text).toContain("3 more producers with fewer calls");
  expect(text).toContain("3 more models");
});
