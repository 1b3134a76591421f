import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { RequestDecoder } from "@lensai/collector/decode/request-decoder";
import { Accounting } from "@lensai/collector/pipeline/accounting";
import { transcodeJson } from "@lensai/collector/receiver/json-to-protobuf";
import { createPriceBook } from "@lensai/otel-config/pricing/layered-book";
import { createRedactor } from "@lensai/otel-config/redaction/redactor";
import { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import { readRow } from "@lensai/otel-config/span-row/span-row";
import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import { beforeAll, expect, test } from "vitest";
import { isJson, listScenarios, plainBody, readRequests } from "../../conformance/capture.ts";
import type { Recorded } from "../../conformance/capture.ts";

const pathOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** What was said to models and tools, and by them, in the recordings. */
const SAID = [
  ...promptsOf(readFileSync(pathOf("../../clients/shared/steps.json"), "utf8")),
  "Be brief",
  "sunny in the",
  "18 degrees",
  "Oslo",
];

interface Steps {
  readonly steps: Readonly<Record<string, { readonly prompt?: string }>>;
}

/** Up to the words in braces, which tell the provider what to answer. */
function promptsOf(json: string): string[] {
  const { steps } = JSON.parse(json) as Steps;
  return Object.values(steps).flatMap(({ prompt }) =>
    prompt === undefined ? [] : [(prompt.split("{")[0] as string).trim()],
  );
}

const BODY_BYTES_MAX = 64 * 1024 * 1024;
const ROWS_MAX = 8192;

interface Decoded {
  readonly rows: readonly SpanRow[];
  /** As it goes to the write-ahead log. */
  readonly body: Uint8Array;
}

const batch = new RowBatch(ROWS_MAX);
const decoder = new RequestDecoder(createRedactor(), new Accounting(createPriceBook()), batch);

function decode(recorded: Recorded, keepsContent: boolean): Decoded {
  batch.reset();
  const { signal } = recorded;
  const plain = plainBody(recorded);
  const body = isJson(recorded)
    ? transcodeJson(signal, plain, BODY_BYTES_MAX).body
    : Uint8Array.from(plain);
  const facts = {
    projectId: "p1",
    apiKeyId: undefined,
    batchId: "00112233445566778899aabbccddeeff",
    receivedAtMs: Date.UTC(2026, 11, 1),
    keepsContent,
  };
  const rowsMax = decoder.countRows(signal, body);
  decoder.decode({ signal, body, facts, rowsMax }, batch, { isNew: () => true });
  return { rows: Array.from({ length: batch.rowCount }, (_, row) => readRow(batch, row)), body };
}

interface Pair {
  readonly place: string;
  readonly kept: Decoded;
  readonly off: Decoded;
}

let pairs: readonly Pair[] = [];

beforeAll(() => {
  const scenarios = listScenarios(pathOf("../../clients/captures"));
  pairs = scenarios.flatMap((scenario) =>
    readRequests(scenario).map((recorded) => ({
      place: `${scenario.client}/${scenario.name}/${recorded.file}`,
      kept: decode(recorded, true),
      off: decode(recorded, false),
    })),
  );
});

const saidIn = (text: string): string | undefined => SAID.find((said) => text.includes(said));

test("the recordings hold what was said", () => {
  const speaking = pairs.filter(
    ({ kept }) => saidIn(Buffer.from(kept.body).toString()) !== undefined,
  );
  expect(speaking.length).toBeGreaterThan(100);
});

test("where a project keeps no content, nothing of what was said is in a row or in the log", () => {
  const found = pairs.flatMap(({ place, off }) => {
    const texts = [
      Buffer.from(off.body).toString(),
      ...off.rows.flatMap((row) => Object.values(row).filter((value) => typeof value === "string")),
    ];
    return texts
      .map(saidIn)
      .filter((said) => said !== undefined)
      .map((said) => `${place}: ${said}`);
  });
  expect(found).toEqual([]);
});

/** What a bill is made of, and what bills are found by. */
const BILLED = [
  "dialect",
  "call_role",
  "provider",
  "request_model",
  "response_model",
  "response_id",
  "streaming",
  "finish_reasons",
  "status",
  "error_type",
  "input_tokens",
  "output_tokens",
  "cache_read_tokens",
  "reasoning_tokens",
  "usage_basis",
  "usage_source",
  "cost_nano_usd",
  "user_id",
  "session_id",
] as const;

const billed = ({ rows }: Decoded): unknown[] =>
  rows.map((row) => [BILLED.map((column) => [column, row[column]]), numbersSent(row)]);

/** Whatever they are called: what a bill shows as sent is among them. */
function numbersSent({ attributes }: SpanRow): unknown[] {
  const sent = JSON.parse((attributes as string | null) ?? "{}") as Record<string, unknown>;
  return Object.entries(sent).filter(([, value]) => typeof value === "number");
}

test("and is billed as where it does", () => {
  for (const { place, kept, off } of pairs) {
    expect([place, ...billed(off)]).toEqual([place, ...billed(kept)]);
  }
});
