import { expect, test } from "vitest";
import { callAttachments, callFacts } from "#lib/call-facts.ts";
import { callRow } from "../support/sample-lake.ts";

const START = Date.parse("2026-11-23T14:05:09Z");

const facts = (values: Parameters<typeof callRow>[1]): Map<string, string | undefined> =>
  new Map(
    callFacts(callRow(START, values)).flatMap((group) =>
      group.facts.map((fact) => [fact.label, fact.value] as const),
    ),
  );

test("shows the usage parts that were reported, the price version and the verdict", () => {
  const shown = facts({ input_uncached_tokens: 400n, cache_read_tokens: 600n });
  expect(shown.get("Cost")).toBe("$0.0045");
  expect(shown.get("Price version")).toBe("test");
  expect(shown.get("Input, not cached")).toBe("400");
  expect(shown.get("Input read from cache")).toBe("600");
  expect(shown.has("Audio input")).toBe(false);
  expect(shown.get("Billed")).toBe("yes");
  expect(shown.get("Latency")).toBe("1.50 s");
  expect(shown.get("Started")).toBe("2026-11-23 14:05:09.000 UTC");
});

test("shows an unknown cost as unknown, and zero as zero", () => {
  expect(facts({ cost_nano_usd: null }).get("Cost")).toBe("unknown");
  expect(facts({ cost_nano_usd: 0n }).get("Cost")).toBe("$0.00");
});

test("says that a failed call is not billed, instead of an unknown cost", () => {
  const shown = facts({ cost_nano_usd: null, billed: false, bill_rule: "failed" });
  expect(shown.get("Cost")).toBe("not billed");
  expect(shown.get("Billed")).toBe("no");
});

test("shows lists as text and leaves out what nobody decided", () => {
  expect(facts({ finish_reasons: '["stop","length"]' }).get("Finish reasons")).toBe("stop, length");
  expect(facts({ price_version: null }).has("Price version")).toBe(false);
  expect(facts({ redaction_count: null }).get("Masked matches")).toBe("none");
});

test("tells what was not reported from what is zero", () => {
  expect(facts({ output_tokens: null }).get("Output tokens")).toBeUndefined();
  expect(facts({ output_tokens: 0n }).get("Output tokens")).toBe("0");
});

test("indents JSON and shows anything else as it is", () => {
  const row = callRow(START, { input_messages: '[{"a":1}]', attributes: "not json", events: "[]" });
  expect(callAttachments(row)).toEqual([
    { title: "Input messages", body: '[\n  {\n    "a": 1\n  }\n]' },
    { title: "Attributes", body: "not json" },
  ]);
});
