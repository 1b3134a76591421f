import { describe, expect, test } from "vitest";
import { rowOf } from "./decode-record.ts";
import type { Value } from "./decode-record.ts";

/* What producers send by their published source, beyond one case for each dialect. */

const GEMINI = {
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": "gcp.gemini",
  "gen_ai.request.model": "gemini-2.5-flash",
} as const;

const rigCounts = (provider: string): Record<string, Value> => ({
  ...GEMINI,
  "gen_ai.provider.name": provider,
  "gen_ai.usage.input_tokens": 1000,
  "gen_ai.usage.output_tokens": 50,
  "gen_ai.usage.cache_read.input_tokens": 200,
  "gen_ai.usage.cache_creation.input_tokens": 0,
  "gen_ai.usage.reasoning_tokens": 30,
  "gen_ai.usage.tool_use_prompt_tokens": provider === "gcp.gemini" ? 400 : 0,
});

const quarkusSpan = (provider: string, model: string): unknown =>
  rowOf({
    scope: "io.quarkus.opentelemetry",
    name: `completion ${model}`,
    attributes: {
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": provider,
      "gen_ai.request.model": model,
      "gen_ai.response.finish_reasons": "STOP",
      "gen_ai.usage.input_tokens": 93,
      "gen_ai.usage.output_tokens": 46,
    },
  });

describe("Semantic Kernel's .NET (ModelDiagnostics.cs)", () => {
  test.each(["chat.completions", "text.completions"])(
    "a stream without usage is a call: %s",
    (operation) => {
      const row = rowOf({
        scope: "Microsoft.SemanticKernel.Diagnostics",
        attributes: {
          "gen_ai.operation.name": operation,
          "gen_ai.system": "openai",
          "gen_ai.request.model": "gpt-4o",
        },
      });
      expect(row).toMatchObject({ call_role: "inference", billed: true, usage_source: "missing" });
    },
  );
});

describe("Rig (telemetry/mod.rs)", () => {
  test("Google's thoughts are beside its output, what tools brought beside its input", () => {
    expect(rowOf({ attributes: rigCounts("gcp.gemini") })).toMatchObject({
      input_tokens: 1400n,
      cache_read_tokens: 200n,
      tool_use_prompt_tokens: 400n,
      output_tokens: 80n,
      usage_rule: "rig-google-candidates",
    });
  });

  test.each([
    ["aws_bedrock", 1200n],
    ["openai", 1000n],
    ["openrouter", 1000n],
  ])("the input of %s is as the provider counts it", (provider, input) => {
    const row = rowOf({ attributes: rigCounts(provider) });
    expect(row).toMatchObject({ input_tokens: input, output_tokens: 50n });
  });
});

describe("Quarkus LangChain4j (SpanChatModelListener.java)", () => {
  test.each([
    ["anthropic", "claude-sonnet-4-5", "quarkus-langchain4j-omits-cache"],
    ["amazon_bedrock", "us.anthropic.claude-sonnet-4-5", "quarkus-langchain4j-omits-cache"],
    ["google_ai_gemini", "gemini-2.5-flash", "quarkus-langchain4j-omits-thoughts"],
  ])("%s: a part of what is charged is not on the span", (provider, model, rule) => {
    expect(quarkusSpan(provider, model)).toMatchObject({
      usage_source: "estimated",
      usage_rule: rule,
    });
  });

  test("OpenAI's input contains what was cached", () => {
    expect(quarkusSpan("open_ai", "gpt-4o")).toMatchObject({
      provider: "openai",
      usage_source: "reported",
    });
  });
});

describe("clients that leave cached tokens out of their spans", () => {
  test.each([
    ["kong-internal", "anthropic", "gateway-omits-cache"],
    ["traceloop_hub", "bedrock", "gateway-omits-cache"],
    ["OpenTelemetry::Instrumentation::RubyLLM", "openai", "ruby-llm-omits-cache"],
  ])("%s of %s", (scope, provider, rule) => {
    const attributes = {
      "gen_ai.operation.name": "chat",
      "gen_ai.system": provider,
      "gen_ai.request.model": "m",
      "gen_ai.usage.prompt_tokens": 93,
      "gen_ai.usage.completion_tokens": 46,
    };
    expect(rowOf({ scope, attributes })).toMatchObject({
      usage_source: "estimated",
      usage_rule: rule,
    });
    const counted = { ...attributes, "gen_ai.usage.cache_read.input_tokens": 0 };
    expect(rowOf({ scope, attributes: counted })).toMatchObject({ usage_source: "reported" });
  });
});

describe("Microsoft.Extensions.AI (OpenTelemetryChatClient.cs) has no place for what was written to a cache", () => {
  test.each([
    ["anthropic", "claude-sonnet-4-5", "estimated"],
    ["aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "estimated"],
    ["aws.bedrock", "meta.llama3-70b-instruct-v1:0", "reported"],
    ["openai", "gpt-4o", "reported"],
  ])("%s, %s: %s", (provider, model, source) => {
    const row = rowOf({
      scope: "Experimental.Microsoft.Extensions.AI",
      attributes: {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": model,
        "gen_ai.response.finish_reasons": '["stop"]',
        "gen_ai.usage.input_tokens": 3117,
        "gen_ai.usage.output_tokens": 46,
        "gen_ai.usage.cache_read.input_tokens": 1024,
      },
    });
    expect(row).toMatchObject({ usage_source: source, cache_read_tokens: 1024n });
  });
});

describe("tRPC-Agent-Go (internal/telemetry/trace.go) names itself as the provider", () => {
  const attributes = {
    "gen_ai.operation.name": "chat",
    "gen_ai.system": "trpc.go.agent",
    "gen_ai.usage.input_tokens": 1000,
    "gen_ai.usage.output_tokens": 50,
  };

  test("Claude's cached tokens are beside its input", () => {
    const row = rowOf({
      scope: "trpc.agent.go",
      attributes: {
        ...attributes,
        "gen_ai.request.model": "claude-sonnet-4-5",
        "gen_ai.usage.total_tokens": 1050,
        "gen_ai.usage.input_tokens.cached": 200,
        "gen_ai.usage.input_tokens.cache_read": 200,
        "gen_ai.usage.input_tokens.cache_creation": 300,
      },
    });
    expect(row).toMatchObject({
      input_tokens: 1500n,
      input_uncached_tokens: 1000n,
      cache_read_tokens: 200n,
      cache_write_5m_tokens: 300n,
      usage_rule: "trpc-agent-claude",
    });
  });

  test("Gemini's thoughts are only in its total", () => {
    const row = rowOf({
      scope: "trpc.agent.go",
      attributes: {
        ...attributes,
        "gen_ai.request.model": "gemini-2.5-flash",
        "gen_ai.usage.total_tokens": 1080,
      },
    });
    expect(row).toMatchObject({
      output_tokens: 80n,
      reasoning_tokens: 30n,
      usage_source: "estimated",
      usage_rule: "rest-taken-for-thoughts",
    });
  });
});

test.each([
  ["llm", "inference", true],
  ["agent", "agent", null],
  ["workflow.step", "step", null],
])("AgentOps says what a span is: %s", (kind, role, billed) => {
  const row = rowOf({
    attributes: {
      "agentops.span.kind": kind,
      "gen_ai.request.model": "gpt-4o",
      "gen_ai.usage.prompt_tokens": 3117,
      "gen_ai.usage.completion_tokens": 46,
      "gen_ai.user.id": "u-1",
      "gen_ai.session.id": "s-1",
    },
  });
  expect(row).toMatchObject({ call_role: role, billed, user_id: "u-1", session_id: "s-1" });
});

test("Envoy's gateway: to count a prompt costs nothing", () => {
  const row = rowOf({
    name: "CountTokens",
    attributes: {
      "openinference.span.kind": "TOKEN_COUNTER",
      "llm.system": "anthropic",
      "llm.model_name": "claude-sonnet-4-5",
      "llm.token_count.prompt": 3117,
    },
  });
  expect(row).toMatchObject({ call_role: "other", billed: null });
});

test("Cloudflare's gateway names the provider in its own way", () => {
  const row = rowOf({
    attributes: {
      "gen_ai.request.model": "claude-sonnet-4-5",
      "gen_ai.model.provider": "anthropic",
      "gen_ai.usage.input_tokens": 3117,
      "gen_ai.usage.output_tokens": 46,
    },
  });
  expect(row).toMatchObject({ call_role: "inference", billed: true, provider: "anthropic" });
});

test("prompt flow (_trace.py): guesses of streams look like the provider's counts", () => {
  const row = rowOf({
    scope: "promptflow",
    name: "Iterated(openai_chat)",
    attributes: {
      span_type: "LLM",
      "llm.response.model": "gpt-4o",
      "llm.usage.prompt_tokens": 3117,
      "llm.usage.completion_tokens": 46,
      "__computed__.cumulative_token_count.total": 3163,
    },
  });
  expect(row).toMatchObject({
    call_role: "inference",
    billed: true,
    response_model: "gpt-4o",
    usage_source: "estimated",
    usage_rule: "promptflow-stream-estimates",
  });
});

describe("usage on a span that names no model and not what it is", () => {
  test("is that of something, which is billed where nothing below it is", () => {
    const row = rowOf({
      attributes: { "llm.usage.prompt_tokens": 3117, "llm.usage.completion_tokens": 46 },
    });
    expect(row).toMatchObject({ call_role: "chain", input_tokens: 3117n, cost_nano_usd: null });
  });
});
