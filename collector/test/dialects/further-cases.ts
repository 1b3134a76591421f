import type { SentRecord } from "./decode-record.ts";

/**
 * Cases of dialects.test.ts for producers that are known by their source alone: the call of that file, as their code
 * writes it.
 */
export const FURTHER_CASES: Readonly<
  Record<string, { readonly record: SentRecord; readonly row: Readonly<Record<string, unknown>> }>
> = {
  ag2: {
    record: {
      scope: "opentelemetry.instrumentation.ag2",
      attributes: {
        "ag2.span.type": "llm",
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "claude-sonnet-4-5",
        "gen_ai.usage.input_tokens": 93,
        "gen_ai.usage.output_tokens": 46,
        // Less than the input: only the rule knows.
        "gen_ai.usage.cache_read_input_tokens": 24,
        "gen_ai.usage.cache_creation_input_tokens": 20,
        "gen_ai.usage.thinking_tokens": 32,
      },
    },
    row: {
      call_role: "inference",
      billed: true,
      input_tokens: 137n,
      input_uncached_tokens: 93n,
      output_tokens: 46n,
      reasoning_tokens: 32n,
      usage_rule: "ag2-anthropic",
    },
  },
  braintrust: {
    record: {
      scope: "braintrust",
      name: "anthropic.messages.create",
      attributes: {
        "braintrust.parent": "project_name:p",
        "braintrust.span_attributes": '{"type":"llm"}',
        "braintrust.metadata":
          '{"model":"claude-sonnet-4-5","provider":"anthropic","id":"msg_1","stream":true,"system":"be brief"}',
        "braintrust.metrics":
          '{"prompt_tokens":3117,"completion_tokens":46,"tokens":3163,"prompt_cached_tokens":1024,"prompt_cache_creation_1h_tokens":2000,"time_to_first_token":0.4}',
      },
    },
    row: {
      call_role: "inference",
      billed: true,
      provider: "anthropic",
      request_model: "claude-sonnet-4-5",
      response_id: "msg_1",
      streaming: true,
      input_tokens: 3117n,
      input_uncached_tokens: 93n,
      cache_read_tokens: 1024n,
      cache_write_1h_tokens: 2000n,
      output_tokens: 46n,
      usage_source: "reported",
    },
  },
  laminar: {
    record: {
      scope: "lmnr.tracer",
      name: "openai.chat",
      attributes: {
        "lmnr.span.type": "LLM",
        "gen_ai.system": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "llm.is_streaming": true,
      },
    },
    row: {
      call_role: "inference",
      billed: true,
      usage_source: "missing",
      usage_rule: "stream-without-usage",
    },
  },
  langwatch: {
    record: {
      attributes: {
        "langwatch.span.type": "llm",
        "langwatch.thread.id": "t-1",
        "langwatch.user.id": "u-1",
        "gen_ai.request.model": "gpt-4o",
        "langwatch.metrics":
          '{"type":"json","value":{"promptTokens":3117,"completionTokens":46,"cost":0.02}}',
      },
    },
    row: {
      call_role: "inference",
      billed: true,
      input_tokens: 3117n,
      output_tokens: 46n,
      client_cost_nano_usd: 20_000_000n,
      session_id: "t-1",
      user_id: "u-1",
    },
  },
  langtrace: {
    record: {
      attributes: {
        "langtrace.service.type": "llm",
        "langtrace.service.name": "OpenAI",
        "llm.model": "gpt-4o",
        "llm.token.counts": '{"input_tokens":3117,"output_tokens":46,"total_tokens":3163}',
      },
    },
    row: {
      call_role: "inference",
      billed: true,
      provider: "openai",
      request_model: "gpt-4o",
      input_tokens: 3117n,
      output_tokens: 46n,
      usage_source: "reported",
    },
  },
  livekit: {
    record: {
      scope: "livekit-agents",
      name: "llm_request",
      attributes: {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.usage.input_tokens": 3117,
        "gen_ai.usage.output_tokens": 46,
        "lk.llm_metrics":
          '{"request_id":"chatcmpl-1","prompt_tokens":3117,"prompt_cached_tokens":1024,"completion_tokens":46,"total_tokens":3163}',
      },
    },
    row: {
      call_role: "inference",
      billed: true,
      response_id: "chatcmpl-1",
      input_tokens: 3117n,
      cache_read_tokens: 1024n,
      output_tokens: 46n,
    },
  },
  mirascope: {
    record: {
      attributes: {
        "mirascope.type": "response_call",
        "mirascope.response.provider_id": "anthropic",
        "mirascope.response.model_id": "claude-sonnet-4-5",
        "mirascope.response.usage":
          '{"input_tokens":3117,"output_tokens":46,"cache_read_tokens":1024,"cache_write_tokens":2000,"reasoning_tokens":32,"total_tokens":3163}',
      },
    },
    row: {
      call_role: "inference",
      billed: true,
      provider: "anthropic",
      input_tokens: 3117n,
      input_uncached_tokens: 93n,
      cache_read_tokens: 1024n,
      cache_write_5m_tokens: 2000n,
      reasoning_tokens: 32n,
      output_tokens: 46n,
    },
  },
  "qwen-code": {
    record: {
      signal: "logs",
      service: "qwen-code",
      scope: "qwen-code",
      name: "qwen-code.api_response",
      attributes: {
        "event.name": "qwen-code.api_response",
        response_id: "chatcmpl-1",
        model: "qwen3-coder-plus",
        input_token_count: 3117,
        output_token_count: 46,
        cached_content_token_count: 1024,
        thoughts_token_count: 32,
        total_token_count: 3163,
      },
    },
    row: {
      call_role: "inference",
      billed: true,
      request_model: "qwen3-coder-plus",
      response_id: "chatcmpl-1",
      input_tokens: 3117n,
      cache_read_tokens: 1024n,
      output_tokens: 46n,
      reasoning_tokens: 32n,
    },
  },
  rig: {
    record: {
      name: "chat",
      attributes: {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "claude-sonnet-4-5",
        "gen_ai.usage.input_tokens": 1093,
        "gen_ai.usage.output_tokens": 46,
        "gen_ai.usage.cache_read.input_tokens": 24,
        "gen_ai.usage.cache_creation.input_tokens": 200,
        "gen_ai.usage.tool_use_prompt_tokens": 0,
        "gen_ai.usage.reasoning_tokens": 32,
      },
    },
    row: {
      call_role: "inference",
      billed: true,
      input_tokens: 1317n,
      input_uncached_tokens: 1093n,
      cache_read_tokens: 24n,
      cache_write_5m_tokens: 200n,
      output_tokens: 46n,
      reasoning_tokens: 32n,
      usage_rule: "rig-anthropic",
    },
  },
  vllm: {
    record: {
      scope: "vllm.llm_engine",
      name: "llm_request",
      attributes: {
        "gen_ai.request.id": "chatcmpl-1",
        "gen_ai.response.model": "meta-llama/Llama-3.1-8B-Instruct",
        "gen_ai.usage.prompt_tokens": 3117,
        "gen_ai.usage.completion_tokens": 46,
      },
    },
    row: {
      call_role: "inference",
      billed: true,
      response_id: "chatcmpl-1",
      input_tokens: 3117n,
      output_tokens: 46n,
    },
  },
};
