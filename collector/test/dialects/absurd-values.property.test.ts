import { DIALECTS } from "@lensai/otel-config/dialects/dialects";
import { explainCall } from "@lensai/otel-config/explain/explain-call";
import { createPriceBook } from "@lensai/otel-config/pricing/layered-book";
import { MAX_CALL_COST_NANO_USD } from "@lensai/otel-config/pricing/price-call";
import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import { USAGE_RULES } from "@lensai/otel-config/usage/usage-rules";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bodyOf, decodeBody, rowOf } from "./decode-record.ts";
import type { SentRecord, Value } from "./decode-record.ts";

/** What a stranger may send where a dialect has its numbers: nothing of it may break a row or poison a sum. */

const BOOK = createPriceBook();
const RULES = DIALECTS.flatMap(({ fields }) => fields);
const NUMBER_NAMES = RULES.filter(
  ({ kind }) => !["text", "content", "json"].includes(kind),
).flatMap(({ names }) => names);
const JSON_RULES = RULES.filter(({ kind }) => kind === "json");

const anyNumber = fc.oneof(
  fc.constantFrom(-1, -0.5, 0.5, 1e15, 2 ** 53, -(2 ** 62), 1e308, -1e308, 1e-320, 999_999_999),
  fc.nat(5000),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const anyNumberText = fc.oneof(
  fc.constantFrom(
    "",
    " 7 ",
    "-1",
    "1e3",
    "1e400",
    "0x10",
    "12abc",
    "1,000",
    "٣",
    "NaN",
    "Infinity",
  ),
  fc.constantFrom("9".repeat(400), "0".repeat(400) + "1", "true", "null", "[]", "{"),
  fc.nat(5000).map(String),
);
const anyValue: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    anyNumber,
    anyNumberText,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("input", "__proto__", "constructor", ""), tie("value"), {
      maxKeys: 3,
    }),
  ),
})).value;

/** JSON with a dialect's members, cut, nested or not JSON at all. */
const anyJson: fc.Arbitrary<readonly [string, Value]> = fc
  .record({
    rule: fc.constantFrom(...JSON_RULES),
    values: fc.array(anyValue, { minLength: 1, maxLength: 6 }),
    damage: fc.constantFrom("none", "cut", "deep", "twice", "own value"),
  })
  .map(({ rule, values, damage }) => {
    const root: Record<string, unknown> = {};
    for (const [at, member] of (rule.members ?? []).entries()) {
      let place = root;
      for (const key of member.path.slice(0, -1)) {
        place[key] = Object(place[key]) === place[key] ? place[key] : {};
        place = place[key] as Record<string, unknown>;
      }
      // A copy: the path of a later member may lead into it.
      place[member.path.at(-1) ?? ""] = structuredClone(values[at % values.length]);
    }
    const text = JSON.stringify(root);
    const texts: Readonly<Record<string, Value>> = {
      none: text,
      cut: text.slice(0, text.length >> 1),
      deep: `${"[".repeat(5000)}${text}`,
      twice: JSON.stringify(text),
      "own value": values[0] as Value,
    };
    return [rule.names[0] as string, texts[damage] as Value];
  });

const anyRecord: fc.Arbitrary<SentRecord> = fc
  .record({
    signal: fc.constantFrom("traces" as const, "logs" as const),
    scope: fc.constantFrom("test", ...USAGE_RULES.flatMap(({ scopes = [] }) => scopes)),
    service: fc.constantFrom("app", "claude-code", "gemini-cli", "codex_cli_rs"),
    name: fc.constantFrom(
      "span",
      ...DIALECTS.flatMap(({ records = [] }) => records).map(({ name }) => name),
    ),
    model: fc.constantFrom("gpt-4o", "claude-sonnet-4-5", "gemini-2.5-pro", "nobody-knows"),
    provider: fc.constantFrom("openai", "anthropic", "gcp.gemini", "aws.bedrock"),
    numbers: fc.array(fc.tuple(fc.constantFrom(...NUMBER_NAMES), anyValue), { maxLength: 8 }),
    json: fc.array(anyJson, { maxLength: 2 }),
  })
  .map(({ model, provider, numbers, json, signal, scope, service, name }) => ({
    signal,
    scope,
    service,
    name,
    attributes: {
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": provider,
      "gen_ai.request.model": model,
      "gen_ai.usage.input_tokens": 100,
      "gen_ai.usage.output_tokens": 10,
      ...Object.fromEntries([...numbers, ...json]),
    },
  }));

const count = (row: SpanRow, name: string): bigint => (row[name] as bigint | null) ?? 0n;
const sum = (row: SpanRow, names: readonly string[]): bigint =>
  names.reduce((total, name) => total + count(row, name), 0n);

const INPUT_PARTS = [
  "input_uncached_tokens",
  "cache_read_tokens",
  "cache_write_5m_tokens",
  "cache_write_1h_tokens",
  "audio_input_tokens",
  "image_input_tokens",
];
const OUTPUT_PARTS = ["reasoning_tokens", "audio_output_tokens", "image_output_tokens"];
/** Eight counts of at most a billion make a total. */
const TOTAL_MAX = 8_000_000_000n;

/** What is wrong with a row; nothing when it adds up. */
function faultsOf(row: SpanRow): string[] {
  const input = row["input_tokens"] as bigint | null;
  const output = row["output_tokens"] as bigint | null;
  const [cost, claim] = [count(row, "cost_nano_usd"), count(row, "client_cost_nano_usd")];
  const hasCost = row["cost_nano_usd"] !== null;
  const isCounted = input !== null || output !== null;
  const checks: Readonly<Record<string, boolean>> = {
    "a count is out of range": [...INPUT_PARTS, ...OUTPUT_PARTS, "input_tokens", "output_tokens"]
      .map((name) => count(row, name))
      .every((tokens) => tokens >= 0n && tokens <= TOTAL_MAX),
    "the parts of the input are more than it": input === null || sum(row, INPUT_PARTS) <= input,
    "the parts of the output are more than it": output === null || sum(row, OUTPUT_PARTS) <= output,
    "the cost is out of range": cost >= 0n && cost <= MAX_CALL_COST_NANO_USD,
    "the claim is out of range": claim >= 0n && claim <= MAX_CALL_COST_NANO_USD,
    "the first token came before the call": count(row, "ttft_ns") >= 0n,
    "nothing says how it was counted": !isCounted || typeof row["usage_rule"] === "string",
    "what is not counted has a cost": !hasCost || isCounted,
    "the cost does not say by which prices": hasCost === (row["price_version"] !== null),
    "its bill is another": !hasCost || explainCall(row, BOOK).bill?.costNanoUsd === cost,
    "the attributes are no object": typeof attributesOf(row) === "object",
  };
  return Object.keys(checks).filter((name) => checks[name] !== true);
}

function attributesOf(row: SpanRow): Record<string, unknown> {
  return JSON.parse(String(row["attributes"] ?? "{}")) as Record<string, unknown>;
}

test("any value in any field of any dialect makes a row that adds up and can be explained", () => {
  fc.assert(
    fc.property(anyRecord, (record) => {
      const { rows, result } = decodeBody(bodyOf(record), record);
      expect(rows.length + result.rejected).toBe(1);
      expect(rows.flatMap((row) => faultsOf(row))).toEqual([]);
    }),
    { numRuns: 1000 },
  );
});

describe("what is refused is kept as it was sent, and the row says what was refused", () => {
  const TOKEN_NAMES = DIALECTS.flatMap(({ name, fields }) =>
    fields
      // A guess is only looked at where an answer broke off.
      .filter(({ kind, isOwn, field }) => kind === "tokens" && !isOwn && field !== "outputEstimate")
      .flatMap(({ names }) => names.map((attribute) => [name, attribute] as const)),
  );

  test.each(TOKEN_NAMES)("%s: %s", (_, attribute) => {
    for (const value of [-5, 0.5, 10 ** 15, "-5", "1e400"]) {
      const row = rowOf({
        attributes: {
          "gen_ai.operation.name": "chat",
          "gen_ai.request.model": "gpt-4o",
          [attribute]: value,
        },
      });
      expect(faultsOf(row)).toEqual([]);
      expect(row["input_tokens"]).toBeNull();
      expect(row["output_tokens"]).toBeNull();
      expect(row["cost_nano_usd"]).toBeNull();
      const kept = attributesOf(row);
      expect(kept[attribute]).toBe(value);
      expect(kept["lensai.ingest.flags"]).toEqual(
        expect.arrayContaining([expect.stringMatching(/^usage_invalid/)]),
      );
      expect(row["usage_rule"]).toBe("counts-refused");
    }
  });
});
