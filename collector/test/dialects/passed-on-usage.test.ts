import { describe, expect, test } from "vitest";
import { bodyOf, decodeBody, rowOf } from "./decode-record.ts";
import type { SentRecord } from "./decode-record.ts";

/** Clients that pass the usage of the provider's answer on as it came. */

const OPENAI = {
  completion_tokens: 106,
  prompt_tokens: 1558,
  total_tokens: 1664,
  completion_tokens_details: { reasoning_tokens: 32 },
  prompt_tokens_details: { cached_tokens: 1030 },
};
const ANTHROPIC = {
  input_tokens: 339,
  output_tokens: 114,
  cache_read_input_tokens: 1033,
  cache_creation_input_tokens: 316,
  cache_creation: { ephemeral_5m_input_tokens: 203, ephemeral_1h_input_tokens: 113 },
};
const OPENAI_ROW = {
  input_tokens: 1558n,
  output_tokens: 106n,
  cache_read_tokens: 1030n,
  reasoning_tokens: 32n,
  usage_source: "reported",
};
const ANTHROPIC_ROW = {
  input_tokens: 1688n,
  output_tokens: 114n,
  cache_read_tokens: 1033n,
  cache_write_5m_tokens: 203n,
  cache_write_1h_tokens: 113n,
};

test("LiteLLM's object in the form of OpenAI's, as Python prints it: of Anthropic, beside the totals", () => {
  const row = rowOf({
    scope: "litellm",
    name: "litellm_request",
    attributes: {
      "gen_ai.system": "anthropic",
      "gen_ai.request.model": "claude-haiku-4-5",
      "gen_ai.usage.input_tokens": 1558,
      "gen_ai.usage.output_tokens": 106,
      "metadata.usage_object":
        "{'completion_tokens': 106, 'prompt_tokens': 1558, 'completion_tokens_details': {'reasoning_tokens': 32}, " +
        "'prompt_tokens_details': {'audio_tokens': None, 'cached_tokens': 1030, 'cache_creation_tokens': 202, " +
        "'cache_creation_token_details': {'ephemeral_5m_input_tokens': 102, 'ephemeral_1h_input_tokens': 100}}}",
    },
  });
  expect(row).toMatchObject({
    input_tokens: 1558n,
    input_uncached_tokens: 326n,
    cache_read_tokens: 1030n,
    cache_write_5m_tokens: 102n,
    cache_write_1h_tokens: 100n,
    output_tokens: 106n,
    reasoning_tokens: 32n,
  });
});

/** A call of LangChain for JavaScript under OpenInference, with the answer as LangChain keeps it. */
const langChain = (counts: SentRecord["attributes"], kwargs: object) =>
  rowOf({
    scope: "@arizeai/openinference-instrumentation-langchain",
    attributes: {
      "openinference.span.kind": "LLM",
      metadata: JSON.stringify({ ls_provider: "anthropic", ls_model_name: "claude-haiku-4-5" }),
      "output.value": JSON.stringify({ generations: [[{ message: { kwargs } }]] }),
      ...counts,
    },
  });

describe("in the answers that LangChain keeps", () => {
  const counts = { "llm.token_count.prompt": 1688, "llm.token_count.completion": 114 };

  test("the provider's usage, and the model that nothing else names", () => {
    expect(langChain(counts, { response_metadata: { usage: ANTHROPIC } })).toMatchObject({
      ...ANTHROPIC_ROW,
      provider: "anthropic",
      request_model: "claude-haiku-4-5",
      usage_source: "reported",
    });
  });

  test("of a stream the parts that LangChain knows; its output has some tokens twice", () => {
    const usage_metadata = { input_token_details: { cache_read: 1033, cache_creation: 316 } };
    const response_metadata = { usage: { cache_read_input_tokens: 1033 } };
    expect(langChain(counts, { usage_metadata, response_metadata })).toMatchObject({
      input_tokens: 1688n,
      cache_read_tokens: 1033n,
      cache_write_5m_tokens: 316n,
      usage_source: "estimated",
      usage_rule: "langchain-js-anthropic",
    });
  });
});

describe("in place of the client's own counts", () => {
  test("Langfuse's SDK of Python", () => {
    const row = rowOf({
      scope: "langfuse-sdk",
      attributes: {
        "langfuse.observation.type": "generation",
        "langfuse.observation.model.name": "gpt-4o-mini",
        "langfuse.observation.usage_details": JSON.stringify(OPENAI),
      },
    });
    expect(row).toMatchObject({ ...OPENAI_ROW, input_uncached_tokens: 528n });
  });

  test.each([
    {
      usage_metadata: {
        prompt_token_count: 1558,
        candidates_token_count: 74,
        total_token_count: 1664,
        cached_content_token_count: 1030,
        thoughts_token_count: 32,
      },
      response_id: "gemini-000002",
    },
    {
      usageMetadata: {
        promptTokenCount: 1558,
        candidatesTokenCount: 74,
        totalTokenCount: 1664,
        cachedContentTokenCount: 1030,
        thoughtsTokenCount: 32,
      },
      responseId: "gemini-000002",
    },
  ])("OpenInference's of Vertex AI, which leaves cached tokens and thoughts out: %#", (answer) => {
    const row = rowOf({
      scope: "openinference.instrumentation.vertexai",
      attributes: {
        "openinference.span.kind": "LLM",
        "llm.model_name": "gemini-2.5-flash",
        "llm.token_count.prompt": 1558,
        "llm.token_count.completion": 74,
        "llm.token_count.total": 1632,
        "output.value": JSON.stringify(answer),
      },
    });
    expect(row).toMatchObject({ ...OPENAI_ROW, response_id: "gemini-000002" });
  });

  test("Logfire, beside the counts that it makes of it", () => {
    const row = rowOf({
      scope: "logfire.anthropic",
      attributes: {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "claude-haiku-4-5",
        "gen_ai.usage.input_tokens": 1688,
        "gen_ai.usage.output_tokens": 114,
        "gen_ai.usage.cache_read.input_tokens": 1033,
        "gen_ai.usage.cache_creation.input_tokens": 316,
        "gen_ai.usage.raw": JSON.stringify(ANTHROPIC),
      },
    });
    expect(row).toMatchObject(ANTHROPIC_ROW);
  });
});

const answer = (kind: string, more: SentRecord["attributes"] = {}): SentRecord => ({
  scope: "openinference.instrumentation.bedrock",
  attributes: {
    "openinference.span.kind": kind,
    "llm.model_name": "claude-haiku-4-5",
    "output.value": JSON.stringify({ id: "msg_1", content: "a secret", usage: ANTHROPIC }),
    ...more,
  },
});

describe("inside the answer", () => {
  test("it completes what the client counts", () => {
    const counted = { "llm.token_count.prompt": 1688, "llm.token_count.completion": 114 };
    expect(rowOf(answer("LLM", counted))).toMatchObject(ANTHROPIC_ROW);
  });

  test("in the record of another step it is no usage, and is not kept", () => {
    const row = rowOf(answer("CHAIN"));
    expect(row).toMatchObject({ input_tokens: null, call_role: "chain" });
    expect(String(row["attributes"])).not.toContain("cache_read_input_tokens");
  });

  test("it outlives the content of a project that keeps none", () => {
    const record = { ...answer("LLM"), keepsContent: false };
    const first = decodeBody(bodyOf(record), record);
    expect(Buffer.from(first.body).toString("latin1")).not.toContain("secret");
    expect(decodeBody(first.body, record).rows[0]).toMatchObject(ANTHROPIC_ROW);
  });

  test("of what a client puts into the object only counts are kept", () => {
    const usage = {
      ...ANTHROPIC,
      note: "a secret",
      details: [{ modality: "TEXT", text: "secret" }],
    };
    const output = JSON.stringify({ usage });
    const record = { ...answer("LLM", { "output.value": output }), keepsContent: false };
    const { body } = decodeBody(bodyOf(record), record);
    expect(Buffer.from(body).toString("latin1")).not.toContain("secret");
  });
});

describe("MLflow puts every value into JSON", () => {
  const call: SentRecord = {
    scope: "mlflow.tracing.provider",
    attributes: {
      "mlflow.spanType": '"CHAT_MODEL"',
      "mlflow.llm.model": '"gpt-4o-mini-2024-07-18"',
      "mlflow.message.format": '"openai"',
      "mlflow.chat.tokenUsage":
        '{"input_tokens": 1558, "output_tokens": 106, "total_tokens": 1664}',
      "mlflow.spanOutputs": JSON.stringify({ id: "chatcmpl-1", usage: OPENAI }),
      stream: "true",
    },
  };

  test("and is read, and priced, all the same", () => {
    const row = rowOf(call);
    expect(row).toMatchObject({
      ...OPENAI_ROW,
      call_role: "inference",
      provider: "openai",
      request_model: "gpt-4o-mini-2024-07-18",
      response_id: "chatcmpl-1",
      streaming: true,
    });
    expect(row["cost_nano_usd"]).toBeGreaterThan(0n);
  });

  test("a text with quotes of its own stays as it is", () => {
    const row = rowOf({ attributes: { ...call.attributes, "user.id": '"a" or "b"' } });
    expect(row["user_id"]).toBe('"a" or "b"');
  });
});

describe("what is known about a producer holds for", () => {
  test.each([
    ["0.1.59", 1232n],
    ["0.1.61", 1000n],
  ])("its versions: OpenInference for Bedrock %s", (scopeVersion, input) => {
    const row = rowOf({
      scope: "openinference.instrumentation.bedrock",
      scopeVersion,
      attributes: {
        "openinference.span.kind": "LLM",
        "llm.model_name": "claude-haiku-4-5",
        "llm.token_count.prompt": 1000,
        "llm.token_count.completion": 10,
        "llm.token_count.prompt_details.cache_read": 232,
      },
    });
    expect(row["input_tokens"]).toBe(input);
  });

  test("Anthropic's models under version 4 of the AI SDK, which leaves cached tokens out", () => {
    const row = rowOf({
      scope: "ai",
      attributes: {
        "ai.operationId": "ai.generateText.doGenerate",
        "ai.model.provider": "anthropic.messages",
        "ai.model.id": "claude-haiku-4-5",
        "ai.usage.promptTokens": 1000,
        "ai.usage.completionTokens": 10,
        "ai.response.providerMetadata":
          '{"anthropic":{"cacheReadInputTokens":300,"cacheCreationInputTokens":100}}',
      },
    });
    expect(row).toMatchObject({
      input_tokens: 1400n,
      cache_read_tokens: 300n,
      cache_write_5m_tokens: 100n,
      usage_basis: "rule",
    });
  });

  test("Google's ADK of JavaScript, whose own count leaves the thoughts out", () => {
    const usageMetadata = {
      promptTokenCount: 1541,
      candidatesTokenCount: 67,
      thoughtsTokenCount: 31,
      totalTokenCount: 1639,
    };
    const row = rowOf({
      scope: "gcp.vertex.agent",
      name: "call_llm",
      attributes: {
        "gen_ai.request.model": "gemini-2.5-flash",
        "gen_ai.usage.input_tokens": 1541,
        "gen_ai.usage.output_tokens": 67,
        "gcp.vertex.agent.llm_response": JSON.stringify({ usageMetadata }),
      },
    });
    expect(row).toMatchObject({ output_tokens: 98n, reasoning_tokens: 31n });
  });
});
