import { describe, expect, test } from "vitest";
import { bodyOf, decodeBody, rowOf } from "./decode-record.ts";
import type { SentRecord } from "./decode-record.ts";

const attributesOf = (row: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  JSON.parse(String(row["attributes"])) as Record<string, unknown>;

const usage = (text: string): SentRecord => ({
  attributes: {
    "langfuse.observation.type": "generation",
    "langfuse.observation.model.name": "gpt-4o",
    "langfuse.observation.usage_details": text,
  },
});

describe("usage inside JSON", () => {
  test.each([
    ["plain", '{"input":10,"output":2}'],
    ["inside a string", JSON.stringify('{"input":10,"output":2}')],
    ["as Python prints it", "{'input': 10, 'output': 2, 'total': None}"],
    ["with numbers as strings", '{"input":"10","output":"2"}'],
  ])("%s", (_, text) => {
    expect(rowOf(usage(text))).toMatchObject({ input_tokens: 10n, output_tokens: 2n });
  });

  test.each([
    ["that does not parse", '{"input":10,'],
    ["that is no object", "12"],
  ])("JSON %s is kept and marked", (_, text) => {
    const row = rowOf(usage(text));
    expect(row).toMatchObject({ input_tokens: null, usage_source: "missing" });
    expect(attributesOf(row)).toMatchObject({
      "langfuse.observation.usage_details": text,
      "lensai.ingest.flags": ["json_unread"],
    });
  });

  test("JSON that is too long to look into is marked", () => {
    const row = rowOf(usage(`{"input":10,"x":"${"y".repeat(256 * 1024)}"}`));
    expect(row["usage_source"]).toBe("missing");
    expect(attributesOf(row)["lensai.ingest.flags"]).toEqual(["truncated", "json_unread"]);
  });

  test("counts that cannot be are refused and marked, the others stand", () => {
    const row = rowOf(usage('{"input":-4,"output":2}'));
    expect(row).toMatchObject({ input_tokens: null, output_tokens: 2n, cost_nano_usd: null });
    expect(attributesOf(row)["lensai.ingest.flags"]).toEqual(["usage_invalid"]);
  });

  test("names of object prototypes are no members", () => {
    const row = rowOf(usage('{"__proto__":{"input":10},"output":2}'));
    expect(row).toMatchObject({ input_tokens: null, output_tokens: 2n });
  });
});

describe("usage inside content", () => {
  const GENKIT: SentRecord = {
    scope: "genkit-tracer",
    attributes: {
      "genkit:name": "openai/gpt-4o",
      "genkit:metadata:subtype": "model",
      "genkit:output":
        '{"message":{"content":[{"text":"a secret answer"}]},"usage":{"inputTokens":10,"outputTokens":2}}',
    },
  };
  const EXCERPT = { usage: { inputTokens: 10, outputTokens: 2 } };

  test("is shown as it was sent, without the content around it", () => {
    const row = rowOf(GENKIT);
    expect(attributesOf(row)["genkit:output"]).toEqual(EXCERPT);
    expect(row["output_messages"]).toContain("a secret answer");
  });

  test("outlives the content of a project that keeps none, and is read again from the log", () => {
    const record = { ...GENKIT, keepsContent: false };
    const first = decodeBody(bodyOf(record), record);
    const again = decodeBody(first.body, record);
    expect(Buffer.from(first.body).toString("latin1")).not.toContain("secret");
    expect(first.result.isAltered).toBe(true);
    expect(first.rows[0]).toMatchObject({ input_tokens: 10n, output_messages: null });
    expect(again.rows).toEqual(
      first.rows.map((row) => Object.assign({}, row, { redaction_count: null })),
    );
  });
});
