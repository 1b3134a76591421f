import { DIALECTS } from "@lensai/otel-config/dialects/dialects";
import { describe, expect, test } from "vitest";
import { rowOf } from "./decode-record.ts";
import { FURTHER_CASES } from "./further-cases.ts";
import type { SentRecord } from "./decode-record.ts";

/*
 * One call as each dialect sends it: 93 tokens that no cache knew, 1024 read from the cache, 2000 written to
 * it, 46 answered, of which 32 of reasoning where the dialect has a name for them.
 */

interface Case {
  readonly record: SentRecord;
  readonly row: Readonly<Record<string, unknown>>;
}

const CALL = {
  call_role: "inference",
  bill_rule: "call",
  billed: true,
  input_tokens: 3117n,
  input_uncached_tokens: 93n,
  cache_read_tokens: 1024n,
  cache_write_5m_tokens: 2000n,
  output_tokens: 46n,
  usage_source: "reported",
} as const;

const ANTHROPIC = { provider: "anthropic", request_model: "claude-sonnet-4-5" } as const;
const GEN_AI = {
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": "anthropic",
  "gen_ai.request.model": "claude-sonnet-4-5",
} as const;

const CASES: Readonly<Record<string, Case>> = {
  "otel-gen-ai": {
    record: {
      attributes: {
        ...GEN_AI,
        "gen_ai.response.id": "msg_1",
        "gen_ai.usage.input_tokens": 3117,
        "gen_ai.usage.output_tokens": 46,
        "gen_ai.usage.cache_read.input_tokens": 1024,
        "gen_ai.usage.cache_write.input_tokens": 2000,
        "gen_ai.usage.reasoning.output_tokens": 32,
      },
    },
    row: {
      ...CALL,
      ...ANTHROPIC,
      response_id: "msg_1",
      reasoning_tokens: 32n,
      usage_basis: "spec",
    },
  },
  openinference: {
    record: {
      scope: "@arizeai/openinference-instrumentation-anthropic",
      attributes: {
        "openinference.span.kind": "LLM",
        "llm.provider": "anthropic",
        "llm.model_name": "claude-sonnet-4-5",
        "llm.token_count.prompt": 3117,
        "llm.token_count.completion": 46,
        "llm.token_count.total": 3163,
        "llm.token_count.prompt_details.cache_read": 1024,
        "llm.token_count.prompt_details.cache_write": 2000,
        "llm.token_count.completion_details.reasoning": 32,
        "llm.invocation_parameters": '{"model":"claude-sonnet-4-5","stream":true}',
        "llm.cost.total": 0.0125,
        "llm.finish_reason": "end_turn",
        "output.value": '{"id":"msg_1","content":[{"text":"hi"}]}',
        metadata: '{"user_id":"u-1","thread_id":"t-1"}',
      },
    },
    row: {
      ...CALL,
      ...ANTHROPIC,
      reasoning_tokens: 32n,
      streaming: true,
      client_cost_nano_usd: 12_500_000n,
      response_id: "msg_1",
      user_id: "u-1",
      session_id: "t-1",
    },
  },
  openllmetry: {
    record: {
      scope: "@traceloop/instrumentation-anthropic",
      attributes: {
        ...GEN_AI,
        "gen_ai.usage.input_tokens": 93,
        "gen_ai.usage.output_tokens": 46,
        "gen_ai.usage.total_tokens": 139,
        "gen_ai.usage.cache_read_input_tokens": 24,
        "gen_ai.usage.cache_creation_input_tokens": 20,
        "traceloop.association.properties.user_id": "u-1",
        "traceloop.workflow.name": "answer",
      },
    },
    row: {
      call_role: "inference",
      input_tokens: 137n,
      input_uncached_tokens: 93n,
      usage_basis: "rule",
      usage_rule: "traceloop-anthropic-js",
      user_id: "u-1",
      feature: "answer",
    },
  },
  openlit: {
    record: {
      scope: "@openlit/instrumentation-anthropic",
      attributes: {
        ...GEN_AI,
        "gen_ai.sdk.version": "1.15.0",
        "gen_ai.request.is_stream": false,
        "gen_ai.usage.input_tokens": 93,
        "gen_ai.usage.output_tokens": 46,
        "gen_ai.usage.cache_read.input_tokens": 24,
        "gen_ai.usage.cache_creation.input_tokens": 20,
        "gen_ai.client.token.usage": 139,
        "gen_ai.usage.cost": 0,
        "gen_ai.server.time_to_first_token": 0.25,
      },
    },
    row: {
      input_tokens: 137n,
      usage_rule: "openlit-anthropic",
      streaming: false,
      client_cost_nano_usd: null,
      ttft_ns: 250_000_000n,
    },
  },
  "vercel-ai": {
    record: {
      scope: "ai",
      attributes: {
        "ai.operationId": "ai.streamText.doStream",
        "ai.model.provider": "anthropic.messages",
        "ai.model.id": "claude-sonnet-4-5",
        "ai.response.id": "msg_1",
        "ai.usage.inputTokens": 93,
        "ai.usage.outputTokens": 46,
        "ai.response.msToFirstChunk": 150.5,
        "ai.telemetry.functionId": "travel",
        "ai.telemetry.metadata.userId": "u-1",
        "ai.response.providerMetadata":
          '{"anthropic":{"usage":{"input_tokens":93,"cache_read_input_tokens":1024,"cache_creation_input_tokens":2000,"cache_creation":{"ephemeral_5m_input_tokens":1500,"ephemeral_1h_input_tokens":500}}}}',
      },
    },
    row: {
      ...CALL,
      ...ANTHROPIC,
      cache_write_5m_tokens: 1500n,
      cache_write_1h_tokens: 500n,
      usage_basis: "proven",
      streaming: true,
      ttft_ns: 150_500_000n,
      feature: "travel",
      user_id: "u-1",
    },
  },
  langfuse: {
    record: {
      scope: "langfuse-sdk",
      attributes: {
        "langfuse.observation.type": "generation",
        "langfuse.observation.model.name": "claude-sonnet-4-5",
        "langfuse.observation.usage_details":
          '{"input":93,"output":14,"cache_read_input_tokens":1024,"cache_creation_input_tokens":2000,"output_reasoning_tokens":32}',
        "langfuse.observation.cost_details": '{"input":0.001,"output":0.002,"total":0.003}',
        "langfuse.observation.completion_start_time": '"2026-11-23T02:13:20.250Z"',
        "langfuse.observation.prompt.name": "greeter",
      },
    },
    row: {
      ...CALL,
      request_model: "claude-sonnet-4-5",
      reasoning_tokens: 32n,
      client_cost_nano_usd: 3_000_000n,
      ttft_ns: 250_000_000n,
      streaming: true,
      prompt_name: "greeter",
    },
  },
  langsmith: {
    record: {
      attributes: {
        "langsmith.span.kind": "llm",
        "gen_ai.system": "anthropic",
        "gen_ai.request.model": "claude-sonnet-4-5",
        "gen_ai.usage.input_tokens": 3117,
        "gen_ai.usage.output_tokens": 46,
        "gen_ai.usage.input_token_details":
          "{'cache_read': 1024, 'cache_creation': 2000, 'audio': None}",
        "gen_ai.usage.output_token_details": '{"reasoning":32}',
        "langsmith.metadata.thread_id": "t-1",
        "langsmith.trace.session_id": "the-project",
      },
    },
    row: { ...CALL, ...ANTHROPIC, reasoning_tokens: 32n, session_id: "t-1" },
  },
  "mistral-sdk": {
    record: {
      scope: "mistralai_sdk_tracer",
      name: "chat_completion_v1_chat_completions_post",
      attributes: {
        "gen_ai.request.model": "mistral-small-latest",
        "gen_ai.usage.prompt_tokens": 313,
        "gen_ai.usage.output_tokens": 67,
        "mistral_ai.request.total_tokens": 380,
      },
    },
    row: {
      call_role: "inference",
      bill_rule: "call",
      provider: "mistral_ai",
      request_model: "mistral-small-latest",
      input_tokens: 313n,
      output_tokens: 67n,
      usage_source: "reported",
    },
  },
  voltagent: {
    record: {
      scope: "@voltagent/core",
      name: "llm:generateText",
      attributes: {
        "span.type": "llm",
        "entity.type": "agent",
        "entity.name": "weather",
        "llm.model": "gpt-4o-mini",
        "llm.stream": true,
        "llm.usage.prompt_tokens": 1300,
        "llm.usage.completion_tokens": 100,
        "llm.usage.cached_tokens": 1000,
        "llm.usage.reasoning_tokens": 30,
      },
    },
    row: {
      call_role: "inference",
      bill_rule: "call",
      request_model: "gpt-4o-mini",
      agent_name: "weather",
      streaming: true,
      input_tokens: 1300n,
      cache_read_tokens: 1000n,
      output_tokens: 100n,
      reasoning_tokens: 30n,
    },
  },
  logfire: {
    record: {
      scope: "pydantic-ai",
      attributes: {
        ...GEN_AI,
        "gen_ai.usage.input_tokens": 3117,
        "gen_ai.usage.output_tokens": 46,
        "gen_ai.usage.cache_read.input_tokens": 1024,
        "gen_ai.usage.details.cache_read_tokens": 1024,
        "gen_ai.usage.details.cache_write_tokens": 2000,
        "operation.cost": 0.0125,
      },
    },
    row: { ...CALL, ...ANTHROPIC, client_cost_nano_usd: 12_500_000n },
  },
  litellm: {
    record: {
      scope: "litellm",
      name: "litellm_request",
      attributes: {
        "gen_ai.system": "anthropic",
        "gen_ai.request.model": "claude-sonnet-4-5",
        "gen_ai.usage.input_tokens": 3117,
        "gen_ai.usage.output_tokens": 46,
        "gen_ai.usage.cache_read_input_tokens": 1024,
        "gen_ai.usage.cache_creation_input_tokens": 2000,
        "llm.is_streaming": "True",
        "gen_ai.cost.total_cost": 0.0125,
        "metadata.user_api_key_team_alias": "search",
      },
    },
    row: {
      ...CALL,
      ...ANTHROPIC,
      streaming: true,
      client_cost_nano_usd: 12_500_000n,
      team: "search",
    },
  },
  mastra: {
    record: {
      attributes: {
        ...GEN_AI,
        "gen_ai.operation.name": "unheard_of",
        "mastra.span.type": "model_inference",
        "gen_ai.usage.input_tokens": 3117,
        "gen_ai.usage.output_tokens": 46,
        "gen_ai.usage.cache_read.input_tokens": 1024,
        "gen_ai.usage.cache_creation.input_tokens": 2000,
        "gen_ai.usage.cache_creation.1h_input_tokens": 500,
        "mastra.completion_start_time": "2026-11-23T02:13:21.000Z",
      },
    },
    row: {
      ...CALL,
      ...ANTHROPIC,
      cache_write_5m_tokens: 1500n,
      cache_write_1h_tokens: 500n,
      ttft_ns: 1_000_000_000n,
    },
  },
  genkit: {
    record: {
      scope: "genkit-tracer",
      attributes: {
        "genkit:name": "googleai/gemini-2.5-pro",
        "genkit:metadata:subtype": "model",
        "genkit:output":
          '{"finishReason":"stop","message":{"content":[]},"usage":{"inputTokens":1117,"outputTokens":14,"thoughtsTokens":10,"cachedContentTokens":1024,"totalTokens":1141}}',
      },
    },
    row: {
      call_role: "inference",
      provider: "gcp.gemini",
      request_model: "gemini-2.5-pro",
      input_tokens: 1117n,
      cache_read_tokens: 1024n,
      output_tokens: 24n,
      reasoning_tokens: 10n,
      finish_reasons: '["stop"]',
    },
  },
  mlflow: {
    record: {
      attributes: {
        "mlflow.spanType": "CHAT_MODEL",
        "mlflow.llm.provider": "anthropic",
        "mlflow.llm.model": "claude-sonnet-4-5",
        "mlflow.chat.tokenUsage":
          '{"input_tokens":3117,"output_tokens":46,"total_tokens":3163,"cache_read_input_tokens":1024,"cache_creation_input_tokens":2000}',
        "mlflow.llm.cost": { input_cost: 0.01, output_cost: 0.0025, total_cost: 0.0125 },
      },
    },
    row: { ...CALL, ...ANTHROPIC, client_cost_nano_usd: 12_500_000n },
  },
  "google-adk": {
    record: {
      scope: "gcp.vertex.agent",
      name: "call_llm",
      attributes: {
        "gen_ai.system": "gcp.vertex.agent",
        "gen_ai.request.model": "gemini-2.5-flash",
        "gcp.vertex.agent.session_id": "s-1",
        "gcp.vertex.agent.llm_response":
          '{"content":{"parts":[]},"usage_metadata":{"prompt_token_count":1117,"candidates_token_count":14,"thoughts_token_count":32,"total_token_count":1163}}',
      },
    },
    row: {
      call_role: "inference",
      provider: "gcp.vertex_ai",
      input_tokens: 1117n,
      output_tokens: 46n,
      session_id: "s-1",
    },
  },
  "semantic-kernel": {
    record: {
      scope: "Microsoft.SemanticKernel.Diagnostics",
      attributes: {
        "gen_ai.operation.name": "chat.completions",
        "gen_ai.system": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.prompt_tokens": 100,
        "gen_ai.response.completion_tokens": 20,
      },
    },
    row: {
      call_role: "inference",
      input_tokens: 100n,
      output_tokens: 20n,
      cost_nano_usd: 450_000n,
    },
  },
  "claude-code": {
    record: {
      signal: "logs",
      service: "claude-code",
      name: "api_request",
      attributes: {
        model: "claude-sonnet-4-5",
        input_tokens: "93",
        output_tokens: "46",
        cache_read_tokens: "24",
        cache_creation_tokens: "20",
        cost_usd: 0.0094,
        duration_ms: 1521,
        request_id: "req_1",
        "session.id": "s-1",
      },
    },
    row: {
      ...ANTHROPIC,
      call_role: "inference",
      bill_rule: "call",
      input_tokens: 137n,
      usage_rule: "claude-code",
      client_cost_nano_usd: 9_400_000n,
      duration_ns: 1_521_000_000n,
      response_id: "req_1",
      session_id: "s-1",
    },
  },
  codex: {
    record: {
      signal: "logs",
      name: "codex.sse_event",
      attributes: {
        "event.kind": "response.completed",
        model: "gpt-5",
        input_token_count: "1117",
        output_token_count: "46",
        cached_token_count: 1024,
        reasoning_token_count: 32,
        "conversation.id": "c-1",
      },
    },
    row: {
      call_role: "inference",
      provider: "openai",
      request_model: "gpt-5",
      input_tokens: 1117n,
      input_uncached_tokens: 93n,
      output_tokens: 46n,
      reasoning_tokens: 32n,
      session_id: "c-1",
    },
  },
  "gemini-cli": {
    record: {
      signal: "logs",
      service: "gemini-cli",
      name: "gemini_cli.api_response",
      attributes: {
        model: "gemini-2.5-pro",
        input_token_count: 1117,
        output_token_count: 50,
        cached_content_token_count: 1024,
        thoughts_token_count: 32,
        tool_token_count: 300,
        total_token_count: 1499,
      },
    },
    row: {
      call_role: "inference",
      provider: "gcp.gemini",
      input_tokens: 1417n,
      input_uncached_tokens: 393n,
      tool_use_prompt_tokens: 300n,
      output_tokens: 82n,
      reasoning_tokens: 32n,
      usage_rule: "gemini-cli-candidates",
    },
  },
  ...FURTHER_CASES,
};

test("every dialect has a case", () => {
  expect(Object.keys(CASES).sort()).toEqual(DIALECTS.map(({ name }) => name).sort());
});

test.each(Object.entries(CASES))(
  "%s: a call is read as it was meant",
  (dialect, { record, row }) => {
    expect(rowOf(record)).toMatchObject({ dialect, ...row });
  },
);

describe("signs of several dialects", () => {
  test("the more specific one names the record, and all of them fill it", () => {
    const row = rowOf({
      scope: "ai",
      attributes: {
        "openinference.span.kind": "LLM",
        "ai.operationId": "ai.generateText.doGenerate",
        "gen_ai.request.model": "gpt-4o",
        "llm.token_count.prompt": 7,
      },
    });
    expect(row).toMatchObject({
      dialect: "vercel-ai",
      call_role: "inference",
      request_model: "gpt-4o",
      input_tokens: 7n,
    });
  });

  test("the outer span of the AI SDK sums up its calls, whatever its operation says", () => {
    const row = rowOf({
      attributes: {
        "ai.operationId": "ai.generateText",
        "ai.usage.inputTokens": 7,
        "ai.model.id": "m",
      },
    });
    expect(row).toMatchObject({ call_role: "chain", bill_rule: null, billed: null });
  });
});

test("a common word means nothing outside its dialect, and stays as it is", () => {
  const attributes = { model: "T-800", input_tokens: 5, duration_ms: 3, "gen_ai.system": "openai" };
  const row = rowOf({ attributes });
  expect(row).toMatchObject({ request_model: null, input_tokens: null });
  expect(JSON.parse(String(row["attributes"]))).toMatchObject(attributes);
});

test("a record of no dialect has none", () => {
  expect(rowOf({ attributes: { "http.request.method": "GET" } })).toMatchObject({
    dialect: null,
    call_role: null,
  });
});

test("one attribute name has one meaning in all dialects that share it", () => {
  const row = rowOf({
    scope: "litellm",
    attributes: {
      "gen_ai.operation.name": "chat",
      "gen_ai.usage.input_tokens": 100,
      "gen_ai.usage.cache_read.input_tokens": 20,
      "gen_ai.usage.cache_read_input_tokens": 20,
    },
  });
  expect(row).toMatchObject({ input_tokens: 100n, cache_read_tokens: 20n });
});

describe("roles without an operation", () => {
  test.each([
    ["a run of pydantic-ai 1 is an agent", "agent", { model_name: "gpt-4o", "logfire.msg": "run" }],
    ["a record that names a tool is one", "tool", { "gen_ai.tool.name": "search" }],
    [
      "a model with usage is a call",
      "inference",
      { "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 3 },
    ],
    ["nothing is nothing", "other", { "gen_ai.system": "openai" }],
  ] as const)("%s", (_, role, attributes) => {
    expect(rowOf({ attributes })).toMatchObject({ call_role: role });
  });
});

describe("what published clients say in ways of their own", () => {
  // As @ai-sdk/amazon-bedrock 2.2 and 3.0 write it: their total is a sum of the two, and proves nothing.
  test.each([
    ["amazon-bedrock", "anthropic.claude-haiku-4-5-20251001-v1:0"],
    ["vertex.anthropic.messages", "claude-haiku-4-5"],
  ])("the AI SDK before 6 passes on what %s counts beside its cache", (provider, model) => {
    const row = rowOf({
      scope: "ai",
      attributes: {
        "ai.operationId": "ai.generateText.doGenerate",
        "ai.model.provider": provider,
        "ai.model.id": model,
        "ai.usage.inputTokens": 5000,
        "ai.usage.cachedInputTokens": 3000,
        "ai.usage.outputTokens": 46,
        "ai.usage.totalTokens": 5046,
      },
    });
    expect(row).toMatchObject({
      input_tokens: 8000n,
      input_uncached_tokens: 5000n,
      cache_read_tokens: 3000n,
      usage_basis: "rule",
    });
  });

  const USAGE = {
    input_tokens: 1541,
    output_tokens: 98,
    input_token_details: { cache_read: 1027 },
    output_token_details: { reasoning: 31 },
  };

  test("LangSmith's Python SDK has the parts of its usage among the metadata", () => {
    const row = rowOf({
      scope: "langsmith",
      attributes: {
        "langsmith.span.kind": "llm",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.usage.input_tokens": 1541,
        "gen_ai.usage.output_tokens": 98,
        "langsmith.metadata.usage_metadata": JSON.stringify(USAGE),
      },
    });
    expect(row).toMatchObject({ cache_read_tokens: 1027n, reasoning_tokens: 31n });
  });

  test("OpenLIT calls some streams none, and tells them by the time between their chunks", () => {
    const row = rowOf({
      scope: "@openlit/instrumentation-mistral",
      attributes: {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "mistral-small-latest",
        "gen_ai.request.is_stream": false,
        "gen_ai.server.time_per_output_token": 0.0016,
        "gen_ai.usage.input_tokens": 11,
        "gen_ai.usage.output_tokens": 14,
      },
    });
    expect(row).toMatchObject({
      streaming: true,
      usage_source: "estimated",
      usage_rule: "openlit-stream-estimates",
    });
  });

  test("a total that only repeats the input is no answer of no tokens", () => {
    const row = rowOf({
      attributes: {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "claude-haiku-4-5",
        "gen_ai.response.id": "msg_1",
        "gen_ai.request.stream": true,
        "gen_ai.usage.input_tokens": 326,
        "gen_ai.usage.total_tokens": 326,
      },
    });
    expect(row).toMatchObject({
      output_tokens: null,
      cost_nano_usd: null,
      usage_rule: "stream-without-usage",
    });
  });

  test("Cohere charges for less than the model saw, and its answer says for what", () => {
    const usage = {
      billed_units: { input_tokens: 313, output_tokens: 67 },
      tokens: { input_tokens: 379, output_tokens: 67 },
    };
    const attributes = {
      "openinference.span.kind": "LLM",
      "llm.model_name": "command-a-03-2025",
      "llm.token_count.prompt": 379,
      "llm.token_count.completion": 67,
      "llm.token_count.total": 446,
    };
    const scope = "openinference.instrumentation.cohere";
    const whole = { ...attributes, "output.value": JSON.stringify({ usage }) };
    expect(rowOf({ scope, attributes: whole })).toMatchObject({
      input_tokens: 313n,
      usage_source: "reported",
    });
    expect(rowOf({ scope, attributes })).toMatchObject({
      input_tokens: 379n,
      usage_source: "estimated",
      usage_rule: "openinference-cohere-seen-tokens",
    });
  });

  test("a ranking names its model, and is a call without tokens", () => {
    const row = rowOf({
      scope: "openinference.instrumentation.cohere",
      attributes: {
        "openinference.span.kind": "RERANKER",
        "reranker.model_name": "rerank-v3.5",
        "output.value": JSON.stringify({ meta: { billed_units: { search_units: 1 } } }),
      },
    });
    expect(row).toMatchObject({
      call_role: "rerank",
      billed: true,
      request_model: "rerank-v3.5",
      web_search_requests: 1n,
    });
  });

  test.each([
    ["chat mistral-small-latest", "chat", { call_role: "step", billed: null }],
    ["chat_completion_v1_chat_completions_post", "", { call_role: "other", billed: null }],
    // Sent when the stream had begun.
    ["stream_chat", "", { call_role: "inference", billed: true }],
  ])("Mistral's SDK says nothing of what became of a refused %s", (name, operation, expected) => {
    const attributes = {
      "gen_ai.request.model": "mistral-small-latest",
      ...(operation !== "" && { "gen_ai.operation.name": operation }),
    };
    const row = rowOf({ scope: "mistralai_sdk_tracer", name, attributes });
    expect(row).toMatchObject(expected);
  });
});
