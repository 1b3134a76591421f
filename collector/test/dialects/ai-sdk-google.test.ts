import { describe, expect, test } from "vitest";
import { rowOf } from "./decode-record.ts";
import type { SentRecord } from "./decode-record.ts";

/** A call of the AI SDK to Gemini: its own counts, and the usage of Google's answer as far as it kept it. */
const googleByAiSdk = (attributes: SentRecord["attributes"], usageMetadata: object) =>
  rowOf({
    scope: "ai",
    attributes: {
      "ai.operationId": "ai.generateText.doGenerate",
      "ai.model.id": "gemini-2.5-flash",
      "ai.model.provider": "google.generative-ai",
      "ai.response.providerMetadata": JSON.stringify({ google: { usageMetadata } }),
      ...attributes,
    },
  });

describe("Google's answer, beside the counts of the AI SDK", () => {
  const cached = { promptTokenCount: 1626, cachedContentTokenCount: 1042 };
  const usage = { ...cached, candidatesTokenCount: 102, thoughtsTokenCount: 36 };

  test("thoughts, which version 5 leaves out of its output, and what tools brought, which it drops", () => {
    const own = { "ai.usage.promptTokens": 1626, "ai.usage.completionTokens": 102 };
    expect(googleByAiSdk(own, { ...usage, totalTokenCount: 2330 })).toMatchObject({
      input_tokens: 2192n,
      tool_use_prompt_tokens: 566n,
      cache_read_tokens: 1042n,
      output_tokens: 138n,
      reasoning_tokens: 36n,
      usage_source: "reported",
    });
  });

  test("what tools brought counts once in version 7, whose input has it", () => {
    const own = { "ai.usage.inputTokens": 2192, "ai.usage.outputTokens": 138 };
    expect(googleByAiSdk(own, { ...usage, toolUsePromptTokenCount: 566 })).toMatchObject({
      input_tokens: 2192n,
      tool_use_prompt_tokens: 566n,
      output_tokens: 138n,
    });
  });

  test("a total that has more than is told: what tools brought, for sure only with thoughts", () => {
    const own = {
      "ai.usage.inputTokens": 391,
      "ai.usage.outputTokens": 109,
      "ai.usage.totalTokens": 1077,
    };
    const short = { promptTokenCount: 391, candidatesTokenCount: 109, totalTokenCount: 1077 };
    expect(googleByAiSdk(own, short)).toMatchObject({
      input_tokens: 968n,
      output_tokens: 109n,
      usage_source: "estimated",
      usage_rule: "vercel-ai4-google-omits-thoughts",
    });
  });

  test("one that says less than the AI SDK", () => {
    const own = { "ai.usage.inputTokens": 326, "ai.usage.outputTokens": 74 };
    const short = { promptTokenCount: 326, toolUsePromptTokenCount: 522 };
    expect(googleByAiSdk(own, short)).toMatchObject({
      input_tokens: 848n,
      tool_use_prompt_tokens: 522n,
      output_tokens: 74n,
    });
  });

  test("version 4 tells neither thoughts nor cached tokens", () => {
    const own = { "ai.usage.promptTokens": 1609, "ai.usage.completionTokens": 95 };
    expect(googleByAiSdk(own, {})).toMatchObject({
      input_tokens: 1609n,
      output_tokens: 95n,
      usage_source: "estimated",
    });
  });
});
