import type { NormalUsage } from "@lensai/otel-config/usage/usage";
import type { ResponseFacts } from "../../src/wire/response-facts.ts";
import { eventStreamMessage } from "./event-stream.ts";
import { sse } from "./wire-call.ts";

/** Answers as the providers document them: what is read from each. */

export interface ProviderAnswer {
  readonly url: string;
  readonly request?: object;
  readonly type: string;
  readonly chunks: readonly (string | Uint8Array)[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly facts: Partial<ResponseFacts>;
  readonly usage: Partial<NormalUsage>;
}

const JSON_TYPE = "application/json";
const SSE_TYPE = "text/event-stream";
export const NDJSON_TYPE = "application/x-ndjson";
const AWS_TYPE = "application/vnd.amazon.eventstream";

const json = (body: unknown) => ({ type: JSON_TYPE, chunks: [JSON.stringify(body)] });
const events = (...bodies: unknown[]) => ({ type: SSE_TYPE, chunks: bodies.map(sse) });
const lines = (...bodies: unknown[]) => ({
  type: NDJSON_TYPE,
  chunks: bodies.map((body) => `${JSON.stringify(body)}\n`),
});
const frames = (...bodies: unknown[]) => ({
  type: AWS_TYPE,
  chunks: bodies.map((body) =>
    eventStreamMessage({ ":event-type": "chunk" }, { bytes: btoa(JSON.stringify(body)) }),
  ),
});

const OPENAI = "https://api.openai.com/v1";
const COHERE = "https://api.cohere.com/v2";
const OLLAMA = "http://localhost:11434/api";
const GEMINI = "https://generativelanguage.googleapis.com/v1beta/models";
const invoke = (model: string, suffix = "") =>
  `https://bedrock-runtime.us-east-1.amazonaws.com/model/${model}/invoke${suffix}`;
const STREAMED = "-with-response-stream";
const METRICS = { inputTokenCount: 11, outputTokenCount: 7, invocationLatency: 9 };
const TRANSCRIPT_USAGE = {
  type: "tokens",
  input_tokens: 14,
  input_token_details: { text_tokens: 2, audio_tokens: 12 },
  output_tokens: 45,
  total_tokens: 59,
};

export const PROVIDER_ANSWERS: Readonly<Record<string, ProviderAnswer>> = {
  "OpenAI response that searched": {
    url: `${OPENAI}/responses`,
    request: { model: "gpt-5-mini", tools: [{ type: "web_search" }] },
    ...json({
      id: "resp_1",
      status: "completed",
      output: [{ type: "web_search_call" }, { type: "web_search_call" }],
      usage: { input_tokens: 900, output_tokens: 40 },
      tool_usage: { web_search: { num_requests: 1 } },
    }),
    facts: { id: "resp_1", problem: undefined },
    usage: { input: 900, output: 40, webSearches: 1 },
  },
  "OpenAI transcription": {
    url: `${OPENAI}/audio/transcriptions`,
    ...json({ text: "Hi", usage: TRANSCRIPT_USAGE }),
    facts: { problem: undefined },
    usage: { input: 14, inputUncached: 2, audioInput: 12, output: 45 },
  },
  "OpenAI transcription by the second": {
    url: `${OPENAI}/audio/transcriptions`,
    ...json({ text: "Hi", usage: { type: "duration", seconds: 9 } }),
    facts: { hasUsage: false, problem: undefined },
    usage: { source: "missing" },
  },
  "OpenAI transcription in a stream": {
    url: `${OPENAI}/audio/transcriptions`,
    ...events(
      { type: "transcript.text.delta", delta: "Hi" },
      { type: "transcript.text.done", text: "Hi", usage: TRANSCRIPT_USAGE },
    ),
    facts: { outputCharacters: 2, problem: undefined },
    usage: { input: 14, output: 45 },
  },
  "OpenAI translation to subtitles": {
    url: `${OPENAI}/audio/translations`,
    type: "text/plain",
    chunks: ["1\n00:00:00,000 --> 00:00:01,000\nHi"],
    facts: { hasUsage: false, problem: undefined },
    usage: { source: "missing" },
  },
  "OpenAI speech": {
    url: `${OPENAI}/audio/speech`,
    type: "audio/mpeg",
    chunks: [new Uint8Array([1, 2, 3])],
    facts: { hasUsage: false, problem: undefined },
    usage: { source: "missing" },
  },
  "OpenAI speech in a stream": {
    url: `${OPENAI}/audio/speech`,
    ...events(
      { type: "speech.audio.delta", audio: "AAAA" },
      {
        type: "speech.audio.done",
        usage: { input_tokens: 14, output_tokens: 101, total_tokens: 115 },
      },
    ),
    facts: { problem: undefined },
    usage: { input: 14, output: 101, audioOutput: 101 },
  },
  "OpenAI image edit": {
    url: `${OPENAI}/images/edits`,
    ...json({
      data: [{ b64_json: "AAAA" }],
      usage: {
        input_tokens: 200,
        input_tokens_details: { text_tokens: 6, image_tokens: 194 },
        output_tokens: 272,
        total_tokens: 472,
      },
    }),
    facts: { problem: undefined },
    usage: { input: 200, inputUncached: 6, imageInput: 194, output: 272, imageOutput: 272 },
  },
  "OpenAI image in a stream": {
    url: `${OPENAI}/images/generations`,
    ...events(
      { type: "image_generation.partial_image", b64_json: "AA" },
      {
        type: "image_generation.completed",
        b64_json: "AAAA",
        usage: { input_tokens: 6, output_tokens: 272, total_tokens: 278 },
      },
    ),
    facts: { problem: undefined },
    usage: { input: 6, output: 272, imageOutput: 272 },
  },
  "DeepSeek chat": {
    url: "https://api.deepseek.com/chat/completions",
    ...json({
      id: "1",
      choices: [{ index: 0, finish_reason: "stop" }],
      usage: {
        prompt_tokens: 70,
        prompt_cache_hit_tokens: 64,
        prompt_cache_miss_tokens: 6,
        completion_tokens: 9,
        total_tokens: 79,
        completion_tokens_details: { reasoning_tokens: 4 },
      },
    }),
    facts: { id: "1", finishReasons: ["stop"] },
    usage: { input: 70, inputUncached: 6, cacheRead: 64, output: 9, reasoning: 4 },
  },
  "xAI chat, which leaves reasoning out of its output": {
    url: "https://api.x.ai/v1/chat/completions",
    ...json({
      usage: {
        prompt_tokens: 30,
        completion_tokens: 10,
        total_tokens: 360,
        completion_tokens_details: { reasoning_tokens: 320 },
      },
    }),
    facts: {},
    usage: { input: 30, output: 330, reasoning: 320 },
  },
  "Groq stream": {
    url: "https://api.groq.com/openai/v1/chat/completions",
    ...events(
      { id: "c", choices: [{ index: 0, delta: { content: "Hi" }, finish_reason: null }] },
      {
        id: "c",
        choices: [{ index: 0, delta: {}, finish_reason: "stop" }],
        x_groq: { id: "r", usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 } },
      },
      "[DONE]",
    ),
    facts: { id: "c", finishReasons: ["stop"], problem: undefined },
    usage: { input: 5, output: 2 },
  },
  "OpenRouter chat, with its price": {
    url: "https://openrouter.ai/api/v1/chat/completions",
    ...json({
      id: "gen-1",
      model: "openai/gpt-4o",
      choices: [{ index: 0, finish_reason: "stop" }],
      usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12, cost: 0.00125 },
    }),
    facts: { id: "gen-1", model: "openai/gpt-4o", costUsd: 0.00125 },
    usage: { input: 10, output: 2 },
  },
  "OpenRouter stream that fails in the middle": {
    url: "https://openrouter.ai/api/v1/chat/completions",
    ...events(
      { id: "gen-1", choices: [{ index: 0, delta: { content: "Hi" }, finish_reason: null }] },
      { error: { code: 502, message: "secret" }, choices: [{ index: 0, finish_reason: "error" }] },
    ),
    facts: { errorType: "502", finishReasons: ["error"], problem: undefined },
    usage: { source: "missing" },
  },
  "Mistral completion of code": {
    url: "https://api.mistral.ai/v1/fim/completions",
    ...json({
      id: "m",
      model: "codestral-2508",
      choices: [{ index: 0, message: { content: "x" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 8, completion_tokens: 9, total_tokens: 17 },
    }),
    facts: { id: "m", model: "codestral-2508", finishReasons: ["stop"] },
    usage: { input: 8, output: 9 },
  },
  "Cohere chat": {
    url: `${COHERE}/chat`,
    ...json({
      id: "c",
      finish_reason: "COMPLETE",
      usage: {
        billed_units: { input_tokens: 5, output_tokens: 418 },
        tokens: { input_tokens: 71, output_tokens: 418 },
      },
    }),
    facts: { id: "c", finishReasons: ["COMPLETE"] },
    usage: { input: 5, output: 418 },
  },
  "Cohere stream": {
    url: `${COHERE}/chat`,
    ...events(
      { type: "message-start", id: "c" },
      { type: "content-delta", delta: { message: { content: { text: "Hello" } } } },
      {
        type: "message-end",
        delta: {
          finish_reason: "MAX_TOKENS",
          usage: { billed_units: { input_tokens: 5, output_tokens: 3 }, tokens: {} },
        },
      },
    ),
    facts: { id: "c", finishReasons: ["MAX_TOKENS"], outputCharacters: 5, problem: undefined },
    usage: { input: 5, output: 3 },
  },
  "Cohere vectors": {
    url: `${COHERE}/embed`,
    ...json({ id: "e", embeddings: {}, meta: { billed_units: { input_tokens: 4 } } }),
    facts: { id: "e" },
    usage: { input: 4 },
  },
  "Cohere ranking": {
    url: `${COHERE}/rerank`,
    ...json({ id: "r", results: [], meta: { billed_units: { search_units: 2 } } }),
    facts: { id: "r", hasUsage: true },
    usage: { input: undefined, output: undefined, webSearches: 2 },
  },
  "Ollama chat": {
    url: `${OLLAMA}/chat`,
    ...json({
      model: "llama3.2",
      message: { content: "Hi" },
      done: true,
      done_reason: "stop",
      prompt_eval_count: 26,
      eval_count: 298,
    }),
    facts: { model: "llama3.2", finishReasons: ["stop"] },
    usage: { input: 26, output: 298 },
  },
  "Ollama stream": {
    url: `${OLLAMA}/generate`,
    ...lines(
      { model: "llama3.2", response: "Hel", done: false },
      { model: "llama3.2", response: "lo", done: false },
      { model: "llama3.2", done: true, done_reason: "length", prompt_eval_count: 3, eval_count: 2 },
    ),
    facts: { finishReasons: ["length"], outputCharacters: 5, problem: undefined },
    usage: { input: 3, output: 2 },
  },
  "Ollama stream that fails in the middle": {
    url: `${OLLAMA}/chat`,
    ...lines({ message: { content: "Hi" } }, { error: "secret" }),
    facts: { errorType: "_OTHER", problem: undefined },
    usage: { source: "missing" },
  },
  "Ollama vectors": {
    url: `${OLLAMA}/embed`,
    ...json({ model: "all-minilm", embeddings: [[0.1]], prompt_eval_count: 8 }),
    facts: { model: "all-minilm" },
    usage: { input: 8 },
  },
  "Gemini with thoughts, a cache, sound and images": {
    url: `${GEMINI}/g:generateContent`,
    ...json({
      candidates: [{ finishReason: "STOP" }, { index: 1, finishReason: "MAX_TOKENS" }],
      usageMetadata: {
        promptTokenCount: 300,
        cachedContentTokenCount: 100,
        candidatesTokenCount: 40,
        thoughtsTokenCount: 25,
        totalTokenCount: 365,
        promptTokensDetails: [
          { modality: "TEXT", tokenCount: 150 },
          { modality: "AUDIO", tokenCount: 90 },
          { modality: "IMAGE", tokenCount: 60 },
        ],
        cacheTokensDetails: [{ modality: "TEXT", tokenCount: 100 }],
        candidatesTokensDetails: [{ modality: "IMAGE", tokenCount: 30 }],
      },
    }),
    facts: { finishReasons: ["STOP", "MAX_TOKENS"] },
    usage: {
      input: 300,
      inputUncached: 50,
      cacheRead: 100,
      audioInput: 90,
      imageInput: 60,
      output: 65,
      reasoning: 25,
      imageOutput: 30,
    },
  },
  "Gemini that refuses the prompt": {
    url: `${GEMINI}/g:streamGenerateContent`,
    ...events({
      promptFeedback: { blockReason: "SAFETY" },
      usageMetadata: { promptTokenCount: 9, totalTokenCount: 9 },
    }),
    facts: { finishReasons: ["SAFETY"], problem: undefined },
    usage: { input: 9 },
  },
  "Gemini vectors": {
    url: `${GEMINI}/gemini-embedding-001:batchEmbedContents`,
    ...json({ embeddings: [], usageMetadata: { promptTokenCount: 12 } }),
    facts: {},
    usage: { input: 12 },
  },
  "Vertex AI vectors": {
    url: "https://aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google/models/text-embedding-005:predict",
    ...json({
      predictions: [
        { embeddings: { statistics: { token_count: 7 } } },
        { embeddings: { statistics: { token_count: 5 } } },
      ],
    }),
    facts: {},
    usage: { input: 12 },
  },
  "Bedrock Nova": {
    url: invoke("us.amazon.nova-lite-v1%3A0"),
    ...json({
      stopReason: "end_turn",
      usage: { inputTokens: 3, outputTokens: 9, totalTokens: 112, cacheReadInputTokenCount: 100 },
    }),
    facts: { finishReasons: ["end_turn"] },
    usage: { input: 103, cacheRead: 100, output: 9 },
  },
  "Bedrock Nova in a stream": {
    url: invoke("us.amazon.nova-lite-v1%3A0", STREAMED),
    ...frames(
      { contentBlockDelta: { delta: { text: "Hi" } } },
      { messageStop: { stopReason: "end_turn" } },
      { metadata: { usage: { inputTokens: 3, outputTokens: 9 } } },
    ),
    facts: { finishReasons: ["end_turn"], outputCharacters: 2, problem: undefined },
    usage: { input: 3, output: 9 },
  },
  "Bedrock Titan": {
    url: invoke("amazon.titan-text-express-v1"),
    ...json({
      inputTextTokenCount: 5,
      results: [{ tokenCount: 32, completionReason: "FINISH" }, { tokenCount: 8 }],
    }),
    facts: { finishReasons: ["FINISH"] },
    usage: { input: 5, output: 40 },
  },
  "Bedrock Titan vectors": {
    url: invoke("amazon.titan-embed-text-v2%3A0"),
    ...json({ embedding: [], inputTextTokenCount: 4 }),
    facts: {},
    usage: { input: 4 },
  },
  "Bedrock Llama": {
    url: invoke("meta.llama3-8b-instruct-v1%3A0"),
    ...json({
      generation: "Hi",
      prompt_token_count: 6,
      generation_token_count: 30,
      stop_reason: "stop",
    }),
    facts: { finishReasons: ["stop"] },
    usage: { input: 6, output: 30 },
  },
  "Bedrock Llama in a stream": {
    url: invoke("meta.llama3-8b-instruct-v1%3A0", STREAMED),
    ...frames(
      { generation: "Hi", prompt_token_count: 11, generation_token_count: 1, stop_reason: null },
      {
        generation: "",
        prompt_token_count: null,
        generation_token_count: 7,
        stop_reason: "length",
        "amazon-bedrock-invocationMetrics": METRICS,
      },
    ),
    facts: { finishReasons: ["length"], outputCharacters: 2, problem: undefined },
    usage: { input: 11, output: 7 },
  },
  "Bedrock Mistral, counted in headers": {
    url: invoke("mistral.mistral-7b-instruct-v0%3A2"),
    ...json({ outputs: [{ text: "Hi", stop_reason: "stop" }] }),
    headers: {
      "x-amzn-bedrock-input-token-count": "21",
      "x-amzn-bedrock-output-token-count": "34",
    },
    facts: { finishReasons: ["stop"], hasUsage: true },
    usage: { input: 21, output: 34 },
  },
  "Bedrock Cohere in a stream, counted in metrics": {
    url: invoke("cohere.command-r-v1%3A0", STREAMED),
    ...frames(
      { text: "Hi", is_finished: false },
      { finish_reason: "COMPLETE", "amazon-bedrock-invocationMetrics": METRICS },
    ),
    facts: { finishReasons: ["COMPLETE"], problem: undefined },
    usage: { input: 11, output: 7 },
  },
  "Bedrock OpenAI": {
    url: invoke("openai.gpt-oss-20b-1%3A0"),
    ...json({
      id: "chatcmpl-1",
      choices: [{ index: 0, finish_reason: "stop" }],
      usage: { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 },
    }),
    facts: { id: "chatcmpl-1", finishReasons: ["stop"] },
    usage: { input: 9, output: 4 },
  },
  "Anthropic with searches": {
    url: "https://api.anthropic.com/v1/messages",
    ...json({
      id: "msg_1",
      stop_reason: "end_turn",
      usage: {
        input_tokens: 5,
        output_tokens: 9,
        server_tool_use: { web_search_requests: 2 },
        service_tier: "priority",
      },
    }),
    facts: { id: "msg_1", finishReasons: ["end_turn"], serviceTier: "priority" },
    usage: { input: 5, output: 9, webSearches: 2 },
  },
  "Anthropic at Vertex AI": {
    url: "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/anthropic/models/claude-opus-4@1:streamRawPredict",
    ...events(
      { type: "message_start", message: { id: "msg_vrtx_1", usage: { input_tokens: 5 } } },
      { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 9 } },
    ),
    facts: { id: "msg_vrtx_1", finishReasons: ["end_turn"], problem: undefined },
    usage: { input: 5, output: 9 },
  },
};
