import { expect, test } from "vitest";
import { rowOf } from "./decode-record.ts";
import type { Value } from "./decode-record.ts";

const CALL = {
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": "openai",
  "gen_ai.request.model": "gpt-4o",
  "gen_ai.usage.input_tokens": 1000,
  "gen_ai.usage.output_tokens": 100,
};
/** $2.50 and $10 per million tokens. */
const COST_NANO_USD = 3_500_000n;

type Attributes = Readonly<Record<string, Value>>;
const LITELLM = { scope: "litellm", name: "litellm_request" };
const ENRICHED = { scope: "@arizeai/openinference-instrumentation-openai", name: "chat" };
const LLM = { "openinference.span.kind": "LLM" };
const OURS = { "lensai.answer.from_cache": true };

test.each<[string, { scope: string; name: string }, Attributes]>([
  ["LiteLLM says it", LITELLM, { ...CALL, "litellm.cache_hit": true }],
  ["our instrumentation says it", { scope: "test", name: "chat" }, { ...CALL, ...OURS }],
  ["ours says it of another's span", ENRICHED, { ...LLM, ...CALL, ...OURS }],
  ["it is said before what the span is", ENRICHED, { ...OURS, ...CALL, ...LLM }],
])("an answer from a cache is no call of a model where %s", (_, by, attributes) => {
  expect(rowOf({ ...by, attributes })).toMatchObject({
    call_role: "cache",
    cost_nano_usd: COST_NANO_USD,
    billed: null,
    bill_rule: null,
  });
});

test.each<[string, { scope: string; name: string }, Attributes]>([
  ["LiteLLM", LITELLM, { ...CALL, "litellm.cache_hit": false }],
  ["another's span", ENRICHED, { ...LLM, ...CALL, "lensai.answer.from_cache": false }],
])("an answer that came from none is billed: %s", (_, by, attributes) => {
  expect(rowOf({ ...by, attributes })).toMatchObject({
    call_role: "inference",
    billed: true,
    cost_nano_usd: COST_NANO_USD,
  });
});
