import { expect, test } from "vitest";
import { rowOf } from "./decode-record.ts";

/** A span of another instrumentation on which ours has put the provider's own counts. */
const OBSERVED = {
  "lensai.enriched": true,
  "lensai.usage.input_tokens": 1330,
  "lensai.usage.output_tokens": 40,
  "gen_ai.usage.cache_read.input_tokens": 1000,
};
const CALL = { "gen_ai.operation.name": "chat", "gen_ai.request.model": "claude-haiku-4-5" };

test.each([
  [
    "leaves cached input out of its counts",
    "@traceloop/instrumentation-anthropic",
    { "gen_ai.usage.input_tokens": 330, "gen_ai.usage.output_tokens": 40 },
  ],
  [
    "guesses the counts of streams",
    "@traceloop/instrumentation-openai",
    {
      "gen_ai.usage.input_tokens": 7,
      "gen_ai.usage.output_tokens": 9,
      "gen_ai.request.stream": true,
    },
  ],
  [
    "has words of its own for them",
    "@arizeai/openinference-instrumentation-openai",
    {
      "openinference.span.kind": "LLM",
      "llm.token_count.prompt": 12,
      "llm.token_count.completion": 3,
      "llm.token_count.total": 15,
    },
  ],
  ["has none", "@opentelemetry/instrumentation-openai", {}],
])("the counts of the answer stand where the span's producer %s", (_, scope, counts) => {
  const row = rowOf({ scope, attributes: { ...CALL, ...counts, ...OBSERVED } });
  expect(row).toMatchObject({
    input_tokens: 1330n,
    output_tokens: 40n,
    cache_read_tokens: 1000n,
    input_uncached_tokens: 330n,
    usage_source: "reported",
    usage_basis: "proven",
    billed: true,
  });
});
