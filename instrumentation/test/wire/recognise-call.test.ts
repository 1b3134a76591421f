import { describe, expect, test } from "vitest";
import { recogniseCall } from "../../src/wire/recognise-call.ts";
import { REQUEST_CHARACTERS_MAX } from "../../src/wire/request-body.ts";
import { callOf } from "../support/wire-call.ts";

const CHAT = { model: "gpt-4o", messages: [] };
const MESSAGES = { model: "claude-haiku-4-5", max_tokens: 10, messages: [] };

/** url, body, provider, operation, model */
const KNOWN: readonly (readonly [string, object, string, string, string])[] = [
  ["https://api.openai.com/v1/chat/completions", CHAT, "openai", "chat", "gpt-4o"],
  ["https://eu.api.openai.com/v1/responses", { model: "o3", input: "" }, "openai", "chat", "o3"],
  ["https://api.openai.com/v1/embeddings", { model: "e", input: "" }, "openai", "embeddings", "e"],
  [
    "https://api.openai.com/v1/completions",
    { model: "davinci", prompt: "" },
    "openai",
    "text_completion",
    "davinci",
  ],
  [
    "https://api.openai.com/v1/images/generations",
    { model: "gpt-image-1", prompt: "" },
    "openai",
    "image_generation",
    "gpt-image-1",
  ],
  [
    "https://me.openai.azure.com/openai/deployments/my%20gpt/chat/completions?api-version=1",
    { messages: [] },
    "azure.ai.openai",
    "chat",
    "my gpt",
  ],
  [
    "https://me.services.ai.azure.com/models/chat/completions",
    CHAT,
    "azure.ai.inference",
    "chat",
    "gpt-4o",
  ],
  ["https://api.anthropic.com/v1/messages", MESSAGES, "anthropic", "chat", "claude-haiku-4-5"],
  [
    "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/anthropic/models/claude-opus-4@1:rawPredict",
    { max_tokens: 1, messages: [] },
    "gcp.vertex_ai",
    "chat",
    "claude-opus-4@1",
  ],
  [
    "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:generateContent",
    { contents: [] },
    "gcp.gemini",
    "generate_content",
    "gemini-2.5-pro",
  ],
  [
    "https://europe-west4-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-pro:generateContent",
    { contents: [] },
    "gcp.vertex_ai",
    "generate_content",
    "gemini-2.5-pro",
  ],
  [
    "https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-haiku%3A0/converse",
    { messages: [] },
    "aws.bedrock",
    "chat",
    "anthropic.claude-haiku:0",
  ],
  ["https://api.mistral.ai/v1/chat/completions", CHAT, "mistral_ai", "chat", "gpt-4o"],
  ["https://api.groq.com/openai/v1/chat/completions", CHAT, "groq", "chat", "gpt-4o"],
  ["https://api.deepseek.com/chat/completions", CHAT, "deepseek", "chat", "gpt-4o"],
  ["https://api.x.ai/v1/chat/completions", CHAT, "x_ai", "chat", "gpt-4o"],
  ["https://openrouter.ai/api/v1/chat/completions", CHAT, "openrouter", "chat", "gpt-4o"],
  ["http://localhost:11434/v1/chat/completions", CHAT, "ollama", "chat", "gpt-4o"],
  ["http://localhost:11434/api/chat", CHAT, "ollama", "chat", "gpt-4o"],
  ["http://localhost:11434/api/generate", { model: "l" }, "ollama", "text_completion", "l"],
  ["http://localhost:11434/api/embed", { model: "l" }, "ollama", "embeddings", "l"],
  [
    "https://me.openai.azure.com/openai/v1/responses",
    { model: "d" },
    "azure.ai.openai",
    "chat",
    "d",
  ],
  [
    "https://me.openai.azure.com/openai/deployments/d/audio/transcriptions?api-version=1",
    {},
    "azure.ai.openai",
    "transcription",
    "d",
  ],
  ["https://api.openai.com/v1/audio/speech", { model: "tts-1" }, "openai", "speech", "tts-1"],
  ["https://api.openai.com/v1/images/edits", { model: "g" }, "openai", "image_generation", "g"],
  [
    "https://api.mistral.ai/v1/fim/completions",
    { model: "c" },
    "mistral_ai",
    "text_completion",
    "c",
  ],
  ["https://api.cohere.com/v2/chat", CHAT, "cohere", "chat", "gpt-4o"],
  ["https://api.cohere.com/v2/embed", { model: "e" }, "cohere", "embeddings", "e"],
  ["https://api.cohere.com/v2/rerank", { model: "r" }, "cohere", "rerank", "r"],
  [
    "https://generativelanguage.googleapis.com/v1beta/models/gemini-embedding-001:batchEmbedContents",
    { requests: [] },
    "gcp.gemini",
    "embeddings",
    "gemini-embedding-001",
  ],
  [
    "https://aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google/models/text-embedding-005:predict",
    { instances: [] },
    "gcp.vertex_ai",
    "embeddings",
    "text-embedding-005",
  ],
  [
    "https://aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google/models/imagen-4:predict",
    { instances: [] },
    "gcp.vertex_ai",
    "image_generation",
    "imagen-4",
  ],
  [
    "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/mistralai/models/codestral:streamRawPredict",
    { messages: [] },
    "gcp.vertex_ai",
    "chat",
    "codestral",
  ],
  ...(
    [
      ["arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fp", "chat"],
      ["us.amazon.nova-lite-v1%3A0", "chat"],
      ["amazon.titan-embed-text-v2%3A0", "embeddings"],
      ["cohere.rerank-v3-5%3A0", "rerank"],
      ["amazon.nova-canvas-v1%3A0", "image_generation"],
      ["stability.sd3-5-large-v1%3A0", "image_generation"],
    ] as const
  ).map(
    ([model, operation]) =>
      [
        `https://bedrock-runtime.us-east-1.amazonaws.com/model/${model}/invoke`,
        {},
        "aws.bedrock",
        operation,
        decodeURIComponent(model),
      ] as const,
  ),
];

describe("a call of a model", () => {
  test.each(KNOWN)("at %s is recognised", (url, body, ...facts) => {
    const call = callOf(url, body);
    expect([call?.provider, call?.api.operation, call?.model]).toEqual(facts);
  });

  test.each([
    ["/v1/chat/completions", CHAT, "openai.chat"],
    ["/gateway/openai/v1/responses", { model: "m", previous_response_id: "r" }, "openai.responses"],
    ["/v1/embeddings", { model: "m", input: ["a"] }, "openai.embeddings"],
    ["/anthropic/v1/messages", MESSAGES, "anthropic.messages"],
    [
      "/v1beta/models/gemini-2.5-flash:streamGenerateContent",
      { contents: [] },
      "google.generate_content",
    ],
    ["/model/m/converse-stream", { messages: [] }, "aws.bedrock.converse"],
    ["/model/anthropic.c/invoke", { messages: [], anthropic_version: "b" }, "aws.bedrock.invoke"],
    ["/v2/chat", CHAT, "cohere.chat"],
    ["/v1/rerank", { model: "m", query: "q", documents: [] }, "cohere.rerank"],
    ["/api/chat", CHAT, "ollama.chat"],
    ["/v1/audio/speech", { model: "m", input: "t" }, "openai.speech"],
    ["/v1beta/models/e:embedContent", { content: {} }, "google.embed_content"],
  ])("at any host is recognised by the shape of %s", (path, body, api) => {
    expect(callOf(`http://127.0.0.1:9000${path}`, body)?.api.name).toBe(api);
  });

  test.each([
    ["another path", "https://api.openai.com/v1/models", CHAT],
    ["a path that only begins alike", "https://api.openai.com/v1/chat/completions/abc", CHAT],
    ["a body of another kind at an unknown host", "http://my.app/v1/messages", { text: "hi" }],
    ["no JSON at an unknown host", "http://my.app/v1/chat/completions", "model=gpt-4o&messages="],
    ["a JSON list at an unknown host", "http://my.app/v1/chat/completions", [CHAT]],
    [
      "a provider's name inside of another host",
      "http://api.openai.com.evil.test/v1/chat/completions",
      {},
    ],
  ])("is not %s", (_, url, body) => {
    expect(callOf(url, body)).toBeUndefined();
  });

  test("is a POST", () => {
    const url = new URL("https://api.openai.com/v1/chat/completions");
    expect(recogniseCall({ method: "GET", url, body: undefined })).toBeUndefined();
  });

  test("at a known host needs no body that can be read", () => {
    const call = callOf("https://api.openai.com/v1/chat/completions");
    expect(call).toMatchObject({ provider: "openai", model: undefined, isStream: false });
  });

  test("with a request up to the limit is parsed, and not above", () => {
    const url = "https://api.openai.com/v1/chat/completions";
    const body = JSON.stringify(CHAT).padEnd(REQUEST_CHARACTERS_MAX);
    expect(callOf(url, body)?.model).toBe("gpt-4o");
    expect(callOf(url, `${body} `)?.model).toBeUndefined();
  });

  test("at any other host is told by the names in a body that is too long to be read", () => {
    const url = "http://my.gateway/v1/chat/completions";
    const body = JSON.stringify(CHAT).padEnd(REQUEST_CHARACTERS_MAX + 1);
    expect(callOf(url, body)).toMatchObject({ provider: "openai", model: undefined });
    expect(callOf(url, body.replace("messages", "massages"))).toBeUndefined();
    // In a text the quotes around a name are escaped.
    const quoting = JSON.stringify({ model: "m", text: JSON.stringify(CHAT) });
    expect(callOf(url, quoting.padEnd(REQUEST_CHARACTERS_MAX + 1))).toBeUndefined();
  });

  test("says what was asked in the words of the conventions, and no content", () => {
    const call = callOf("https://api.openai.com/v1/chat/completions", {
      ...CHAT,
      messages: [{ role: "user", content: "secret" }],
      max_completion_tokens: 100,
      temperature: 0.5,
      n: 2,
      seed: null,
      top_p: { wrong: true },
    });
    expect(call?.parameters).toEqual({
      "gen_ai.request.max_tokens": 100,
      "gen_ai.request.temperature": 0.5,
      "gen_ai.request.choice.count": 2,
    });
  });
});

describe("a call whose body is a form", () => {
  const url = new URL("http://my.gateway/v1/audio/transcriptions");
  const FIELDS = { model: "whisper-1", stream: "true", temperature: "0.5", file: null };

  test("is recognised by its fields, whose texts mean what JSON would say", () => {
    const call = recogniseCall({ method: "POST", url, body: undefined, form: FIELDS });
    expect(call).toMatchObject({
      model: "whisper-1",
      isStream: true,
      parameters: { "gen_ai.request.temperature": 0.5 },
    });
  });

  test("is the same as text, wherever its file stands", async () => {
    const form = new FormData();
    form.set("file", new Blob(['--x\r\nmodel"']), 'a "name".wav');
    form.set("model", "whisper-1");
    form.set("stream", "true");
    form.set("temperature", "0.5");
    const body = await new Response(form).text();
    expect(recogniseCall({ method: "POST", url, body })).toEqual(
      recogniseCall({ method: "POST", url, body: undefined, form: FIELDS }),
    );
  });

  test("is none at an unknown host without a file", () => {
    const form = { model: "whisper-1" };
    expect(recogniseCall({ method: "POST", url, body: undefined, form })).toBeUndefined();
  });
});

test("Ollama streams unless it is told not to", () => {
  const url = "http://localhost:11434/api/chat";
  const calls = [{}, { stream: true }, { stream: false }].map((more) =>
    callOf(url, { ...CHAT, ...more }),
  );
  expect(calls.map((call) => call?.isStream)).toEqual([true, true, false]);
});

const lacks = (host: string, more: object): boolean | undefined =>
  callOf(`${host}/v1/chat/completions`, { ...CHAT, ...more })?.lacksStreamUsage;

describe("the usage of a chat stream", () => {
  test("is asked for where the caller did not", () => {
    expect(lacks("https://api.openai.com", { stream: true })).toBe(true);
    expect(lacks("https://api.openai.com", { stream: true, stream_options: {} })).toBe(true);
    expect(lacks("http://my.gateway", { stream: true })).toBe(true);
  });

  test("is not asked for where the caller did, nothing streams, or the provider takes no options", () => {
    const asked = { stream: true, stream_options: { include_usage: true } };
    expect(lacks("https://api.openai.com", asked)).toBe(false);
    expect(lacks("https://api.openai.com", {})).toBe(false);
    expect(lacks("https://api.mistral.ai", { stream: true })).toBe(false);
  });
});
