import { describe, expect, test } from "vitest";
import { rowOf } from "./decode-record.ts";
import type { SentRecord, Value } from "./decode-record.ts";

const CHAT = {
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": "openai",
  "gen_ai.request.model": "gpt-4o",
} as const;

const chat = (attributes: Record<string, Value> = {}, rest: Partial<SentRecord> = {}) =>
  rowOf({ ...rest, attributes: { ...CHAT, ...attributes } });

const openlit = (attributes: Record<string, Value>) =>
  chat({
    "gen_ai.sdk.version": "1.15.0",
    "gen_ai.usage.input_tokens": 58,
    "gen_ai.usage.output_tokens": 15,
    ...attributes,
  });

/** A streamed call as OpenInference tells it. */
const stream = (reason: Record<string, Value>): unknown =>
  rowOf({
    scope: "@arizeai/openinference-instrumentation-anthropic",
    attributes: {
      "openinference.span.kind": "LLM",
      "llm.model_name": "claude-haiku-4-5",
      "llm.invocation_parameters": '{"stream":true}',
      "llm.token_count.prompt": 339,
      "llm.token_count.completion": 2,
      ...reason,
    },
  })["usage_source"];

describe("guesses are marked", () => {
  test("counts of a stream from a producer that guesses without usage", () => {
    expect(openlit({ "gen_ai.request.is_stream": true })).toMatchObject({
      usage_source: "estimated",
      usage_rule: "openlit-stream-estimates",
    });
  });

  test("counts with a detail that only the provider knows are the provider's", () => {
    const row = openlit({
      "gen_ai.request.is_stream": true,
      "gen_ai.usage.cache_read.input_tokens": 20,
    });
    expect(row).toMatchObject({ usage_source: "reported" });
  });

  test("calls that were not streamed are reported", () => {
    expect(openlit({ "gen_ai.request.is_stream": false })).toMatchObject({
      usage_source: "reported",
    });
  });

  test("counts of a stream that ended without a reason, where the producer names one otherwise", () => {
    expect(stream({})).toBe("estimated");
    expect(stream({ "llm.finish_reason": "end_turn" })).toBe("reported");
  });

  test.each([
    { sent: {}, usage_source: "estimated", usage_rule: "spring-ai-anthropic-stream-omits-cache" },
    {
      sent: { "gen_ai.usage.cache_read.input_tokens": "0" },
      usage_source: "reported",
      usage_rule: "counts-prove-it",
    },
  ])("Spring AI, of a stream of Anthropic and of a call: %#", ({ sent, ...usage }) => {
    const row = rowOf({
      scope: "org.springframework.boot",
      attributes: {
        ...CHAT,
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "claude-haiku-4-5",
        // Texts, as all that it sends.
        "gen_ai.usage.input_tokens": "365",
        "gen_ai.usage.output_tokens": "130",
        ...sent,
      },
    });
    expect(row).toMatchObject({ input_tokens: 365n, ...usage });
  });

  test.each([
    ["gemini-2.5-flash", "estimated", "otel-google-genai-omits-tool-use"],
    // Google's own tools are not for them.
    ["gemini-embedding-001", "reported", "otel-definition"],
    ["gemini-2.5-flash-preview-tts", "reported", "otel-definition"],
  ])("OpenTelemetry for Google's SDK, calling %s: %s", (model, source, rule) => {
    const row = rowOf({
      scope: "opentelemetry.instrumentation.google_genai",
      attributes: {
        ...CHAT,
        "gen_ai.provider.name": "gemini",
        "gen_ai.request.model": model,
        "gen_ai.usage.input_tokens": 326,
        "gen_ai.usage.output_tokens": 74,
      },
    });
    expect(row).toMatchObject({ input_tokens: 326n, usage_source: source, usage_rule: rule });
  });

  test.each([
    ["gemini-2.5-flash", "estimated", "agno-google-omits-thoughts"],
    ["claude-haiku-4-5", "reported", "otel-definition"],
  ])("OpenInference for Agno, calling %s: %s", (model, source, rule) => {
    const row = rowOf({
      scope: "openinference.instrumentation.agno",
      attributes: {
        "openinference.span.kind": "LLM",
        "llm.provider": model.startsWith("gemini") ? "Google" : "Anthropic",
        "llm.model_name": model,
        "llm.token_count.prompt": 1609,
        "llm.token_count.completion": 95,
      },
    });
    expect(row).toMatchObject({ output_tokens: 95n, usage_source: source, usage_rule: rule });
  });

  test.each([
    // A prompt cache, whose tokens it leaves out.
    ["anthropic.claude-sonnet-4-5-20250929-v1:0", "aws-sdk-bedrock-omits-cache"],
    ["eu.amazon.nova-pro-v1:0", "aws-sdk-bedrock-omits-cache"],
    // Any model may be behind a profile.
    [
      "arn:aws:bedrock:eu-west-1:0:application-inference-profile/a1b2",
      "aws-sdk-bedrock-omits-cache",
    ],
    // A sixth of the characters.
    ["cohere.command-r-v1:0", "aws-sdk-bedrock-guesses"],
    ["mistral.mistral-7b-instruct-v0:2", "aws-sdk-bedrock-guesses"],
    // Neither.
    ["meta.llama3-1-8b-instruct-v1:0", undefined],
    ["amazon.titan-text-express-v1", undefined],
  ])("the AWS SDK's instrumentation, calling %s: %s", (model, rule) => {
    for (const scope of [
      "@opentelemetry/instrumentation-aws-sdk",
      "opentelemetry.instrumentation.botocore.bedrock-runtime",
    ]) {
      const row = rowOf({
        scope,
        attributes: {
          "gen_ai.system": "aws.bedrock",
          "gen_ai.operation.name": "chat",
          "gen_ai.request.model": model,
          "gen_ai.usage.input_tokens": 28,
          "gen_ai.usage.output_tokens": 180,
        },
      });
      expect(row).toMatchObject({
        usage_source: rule === undefined ? "reported" : "estimated",
        usage_rule: rule ?? "otel-definition",
      });
    }
  });
});
