/** Requests and answers for the vectors of the Python package, beside those of the fake provider. */

export interface WireCase {
  readonly name: string;
  readonly url: string;
  readonly request: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Base64. */
  readonly chunks: readonly string[];
  readonly isWhole: boolean;
}

const CHAT = { model: "m", messages: [] };
const chat = (more: object = {}): string => JSON.stringify({ ...CHAT, ...more });

/** Which requests are calls, and what they ask for. */
export const WIRE_REQUESTS: readonly { readonly url: string; readonly body: string }[] = [
  { url: "https://api.openai.com/v1/chat/completions", body: "not json" },
  { url: "https://api.openai.com/v1/chat/completions", body: "[]" },
  { url: "https://api.openai.com/v1/models", body: chat() },
  { url: "https://example.com/v1/chat/completions", body: chat() },
  { url: "https://example.com/v1/chat/completions", body: JSON.stringify({ messages: [] }) },
  { url: "https://example.com:8443/prefix/chat/completions?key=secret", body: chat() },
  {
    url: "https://api.openai.com/v1/chat/completions",
    body: chat({
      stream: true,
      temperature: 0.5,
      top_p: 1,
      seed: 7,
      n: 2,
      max_tokens: 10,
      max_completion_tokens: 20,
      stop: "x",
      reasoning_effort: "low",
      service_tier: "flex",
    }),
  },
  { url: "https://api.openai.com/v1/chat/completions", body: chat({ stream: 1 }) },
  {
    url: "https://api.openai.com/v1/chat/completions",
    body: chat({ stream: true, stream_options: { include_usage: true } }),
  },
  {
    url: "https://api.openai.com/v1/chat/completions",
    body: chat({ stream: true, stream_options: null }),
  },
  { url: "https://api.mistral.ai/v1/chat/completions", body: chat({ stream: true }) },
  { url: "https://eu.api.openai.com/v1/responses", body: JSON.stringify({ model: "m" }) },
  {
    url: "https://me.openai.azure.com/openai/deployments/my%20gpt/chat/completions?api-version=1",
    body: JSON.stringify({ messages: [] }),
  },
  { url: "https://api.x.ai/v1/chat/completions", body: chat() },
  { url: "http://localhost:11434/v1/chat/completions", body: chat() },
  { url: "http://[::1]:11434/v1/chat/completions", body: chat() },
  {
    url: "https://api.openai.com/v1/embeddings",
    body: JSON.stringify({ model: "m", input: "", dimensions: 8, encoding_format: "float" }),
  },
  {
    url: "https://api.anthropic.com/v1/messages",
    body: JSON.stringify({ model: "m", messages: [], max_tokens: 1, stop_sequences: ["a", "b"] }),
  },
  {
    url: "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/anthropic/models/claude-x:streamRawPredict",
    body: JSON.stringify({ messages: [], max_tokens: 1 }),
  },
  {
    url: "https://generativelanguage.googleapis.com/v1beta/models/gemini-x:streamGenerateContent?alt=sse",
    body: JSON.stringify({ contents: [], generationConfig: { maxOutputTokens: 5 } }),
  },
  {
    url: "https://bedrock-runtime.eu-west-1.amazonaws.com/model/eu.anthropic.claude%3A0/converse-stream",
    body: JSON.stringify({ messages: [] }),
  },
  { url: "https://api.groq.com/openai/v1/chat/completions", body: chat({ stream: true }) },
];

const encoded = (text: string): string => Buffer.from(text).toString("base64");
const json = (body: unknown): string[] => [encoded(JSON.stringify(body))];
const events = (...list: readonly unknown[]): string[] =>
  list.map((event) =>
    encoded(`data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`),
  );

const OPENAI = "https://api.openai.com/v1/chat/completions";
const JSON_HEADERS = { "content-type": "application/json; charset=utf-8" };
const SSE_HEADERS = { "content-type": "text/event-stream" };
const NDJSON_HEADERS = { "content-type": "application/x-ndjson" };
const USAGE = {
  prompt_tokens: 100,
  completion_tokens: 20,
  total_tokens: 150,
  prompt_tokens_details: { cached_tokens: 30, audio_tokens: 4 },
  completion_tokens_details: { reasoning_tokens: 30 },
};

const ollama = (...lines: readonly unknown[]): string[] =>
  lines.map((line) => encoded(`${JSON.stringify(line)}\n`));
const BEDROCK = "https://bedrock-runtime.eu-west-1.amazonaws.com/model";

/** Answers that the fake provider does not give. */
export const WIRE_CASES: readonly WireCase[] = [
  {
    name: "one document per line",
    url: "http://localhost:11434/api/chat",
    request: chat(),
    headers: NDJSON_HEADERS,
    chunks: ollama(
      { model: "m", message: { content: "It is" } },
      { model: "m", done: true, done_reason: "stop", prompt_eval_count: 26, eval_count: 9 },
    ),
    isWhole: true,
  },
  {
    name: "one document per line, cut",
    url: "http://localhost:11434/api/chat",
    request: chat(),
    headers: NDJSON_HEADERS,
    chunks: ollama({ model: "m", message: { content: "It is" } }),
    isWhole: false,
  },
  {
    name: "an error of nothing but a message",
    url: "http://localhost:11434/api/chat",
    request: chat({ stream: false }),
    headers: JSON_HEADERS,
    chunks: json({ error: "no such model: secret" }),
    isWhole: true,
  },
  {
    name: "counts in headers",
    url: `${BEDROCK}/meta.llama3/invoke`,
    request: JSON.stringify({ prompt: "", max_gen_len: 5 }),
    headers: {
      ...JSON_HEADERS,
      "x-amzn-bedrock-input-token-count": "12",
      "x-amzn-bedrock-output-token-count": "many",
    },
    chunks: json({ generation: "ok", stop_reason: "stop" }),
    isWhole: true,
  },
  {
    name: "from the cache of a gateway",
    url: "https://api.portkey.ai/v1/chat/completions",
    request: chat({ stream: false }),
    headers: { ...JSON_HEADERS, "x-portkey-cache-status": "SEMANTIC HIT" },
    chunks: json({ id: "c", usage: { prompt_tokens: 5, completion_tokens: 2 } }),
    isWhole: true,
  },
  {
    name: "counts of a body that has no usage object, summed over a list",
    url: `${BEDROCK}/amazon.titan-text/invoke`,
    request: JSON.stringify({ inputText: "" }),
    headers: JSON_HEADERS,
    chunks: json({
      inputTextTokenCount: 5,
      results: [{ tokenCount: 3, completionReason: "FINISH" }, { tokenCount: 4 }],
    }),
    isWhole: true,
  },
  {
    name: "searches that are charged",
    url: "https://api.cohere.com/v2/rerank",
    request: JSON.stringify({ model: "m", query: "", documents: [] }),
    headers: JSON_HEADERS,
    chunks: json({ id: "r", meta: { billed_units: { search_units: 2 } } }),
    isWhole: true,
  },
  {
    name: "the price that the provider says, and an error that is a number",
    url: "https://openrouter.ai/api/v1/chat/completions",
    request: chat({ stream: true }),
    headers: SSE_HEADERS,
    chunks: events(
      { usage: { prompt_tokens: 4, completion_tokens: 5, cost: 0.00042 } },
      {
        error: { code: 502, message: "secret" },
      },
    ),
    isWhole: true,
  },
  {
    name: "a prompt that was blocked",
    url: "https://generativelanguage.googleapis.com/v1beta/models/gemini-x:generateContent",
    request: JSON.stringify({ contents: [] }),
    headers: JSON_HEADERS,
    chunks: json({ promptFeedback: { blockReason: "SAFETY" } }),
    isWhole: true,
  },
  {
    name: "sound",
    url: "https://api.openai.com/v1/audio/speech",
    request: JSON.stringify({ model: "m", input: "", response_format: "mp3" }),
    headers: { "content-type": "audio/mpeg" },
    chunks: [encoded("sound")],
    isWhole: true,
  },
  {
    name: "sound, cut",
    url: "https://api.openai.com/v1/audio/speech",
    request: JSON.stringify({ model: "m", input: "" }),
    headers: { "content-type": "audio/mpeg" },
    chunks: [encoded("sound")],
    isWhole: false,
  },
  {
    name: "a form with a file",
    url: "https://gateway.example/v1/audio/transcriptions",
    request: [
      "--b",
      'Content-Disposition: form-data; name="model"\r\n\r\nwhisper-x',
      "--b",
      'Content-Disposition: form-data; name="temperature"\r\n\r\n0.5',
      "--b",
      'Content-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nsound',
      "--b--",
      "",
    ].join("\r\n"),
    headers: JSON_HEADERS,
    chunks: json({ text: "", usage: { type: "tokens", input_tokens: 14, output_tokens: 3 } }),
    isWhole: true,
  },
  {
    name: "several choices, one without a reason",
    url: OPENAI,
    request: chat({ n: 3 }),
    headers: JSON_HEADERS,
    chunks: json({
      id: "c1",
      model: "m-1",
      system_fingerprint: "fp",
      service_tier: "default",
      choices: [
        { index: 2, finish_reason: "length" },
        { index: 0, finish_reason: "stop" },
      ],
      usage: USAGE,
    }),
    isWhole: true,
  },
  {
    name: "reasoning beside the output",
    url: "https://api.x.ai/v1/chat/completions",
    request: chat(),
    headers: JSON_HEADERS,
    chunks: json({ choices: [{ finish_reason: "stop" }], usage: USAGE }),
    isWhole: true,
  },
  {
    name: "searches and citations",
    url: "https://api.perplexity.ai/chat/completions",
    request: chat(),
    headers: JSON_HEADERS,
    chunks: json({
      usage: { prompt_tokens: 9, completion_tokens: 8, citation_tokens: 7, reasoning_tokens: 6 },
    }),
    isWhole: true,
  },
  {
    name: "usage in x_groq, in split chunks with carriage returns",
    url: "https://api.groq.com/openai/v1/chat/completions",
    request: chat({ stream: true }),
    headers: SSE_HEADERS,
    chunks: [
      'data: {"choices":[{"index":0,"delta":{"content":"Grüße 🙂"}}]}\r',
      '\n\r\ndata: {"choices":[{"index":0,"finish_reason":"stop"}],\r\n',
      'data: "x_groq":{"usage":{"prompt_tokens":5,"completion_tokens":6}}}\r\n\r\n: comment\n\ndata: [DO',
      "NE]\n\n",
    ].map((part) => encoded(part)),
    isWhole: true,
  },
  {
    name: "an emoji cut in two by the borders of chunks, and then nothing",
    url: OPENAI,
    request: chat({ stream: true, stream_options: { include_usage: true } }),
    headers: SSE_HEADERS,
    chunks: [
      Buffer.from('data: {"choices":[{"index":0,"delta":{"content":"🙂🙂 ok"}}]}\n\n').subarray(
        0,
        48,
      ),
      Buffer.from('data: {"choices":[{"index":0,"delta":{"content":"🙂🙂 ok"}}]}\n\n').subarray(48),
    ].map((part) => part.toString("base64")),
    isWhole: false,
  },
  {
    name: "an error in the middle of a stream",
    url: "https://api.anthropic.com/v1/messages",
    request: JSON.stringify({ model: "m", messages: [], max_tokens: 1, stream: true }),
    headers: SSE_HEADERS,
    chunks: events(
      { type: "message_start", message: { id: "m1", model: "m-1", usage: { input_tokens: 5 } } },
      { type: "error", error: { type: "overloaded_error", message: "busy" } },
    ),
    isWhole: true,
  },
  {
    name: "an event that is no JSON",
    url: OPENAI,
    request: chat({ stream: true }),
    headers: SSE_HEADERS,
    chunks: events("{broken", { choices: [{ index: 0, finish_reason: "stop" }] }, "[DONE]"),
    isWhole: true,
  },
  {
    name: "a body that is no JSON",
    url: OPENAI,
    request: chat(),
    headers: JSON_HEADERS,
    chunks: [encoded("<html>")],
    isWhole: true,
  },
  {
    name: "a body that breaks off",
    url: OPENAI,
    request: chat(),
    headers: JSON_HEADERS,
    chunks: [encoded('{"id": "c')],
    isWhole: false,
  },
  {
    name: "a content type of no API",
    url: OPENAI,
    request: chat(),
    headers: { "content-type": "text/html" },
    chunks: [encoded("<html>")],
    isWhole: true,
  },
  {
    name: "searches that are charged beside the usage",
    url: "https://api.openai.com/v1/responses",
    request: JSON.stringify({ model: "m", tools: [{ type: "web_search" }] }),
    headers: JSON_HEADERS,
    chunks: json({
      id: "r",
      status: "completed",
      output: [{ type: "web_search_call" }],
      usage: { input_tokens: 900, output_tokens: 40 },
      tool_usage: { web_search: { num_requests: 2 } },
    }),
    isWhole: true,
  },
  {
    name: "a list of answers, documents and images",
    url: "https://generativelanguage.googleapis.com/v1beta/models/gemini-x:streamGenerateContent",
    request: JSON.stringify({ contents: [] }),
    headers: JSON_HEADERS,
    chunks: json([
      { candidates: [{ content: {} }] },
      {
        responseId: "r",
        modelVersion: "gemini-x-1",
        candidates: [{ index: 0, finishReason: "STOP" }],
        usageMetadata: {
          promptTokenCount: 100,
          toolUsePromptTokenCount: 10,
          candidatesTokenCount: 20,
          thoughtsTokenCount: 5,
          cachedContentTokenCount: 40,
          promptTokensDetails: [
            { modality: "DOCUMENT", tokenCount: 30 },
            { modality: "IMAGE", tokenCount: 20 },
            { modality: "AUDIO", tokenCount: 8 },
          ],
          cacheTokensDetails: [{ modality: "AUDIO", tokenCount: 3 }],
        },
      },
    ]),
    isWhole: true,
  },
  {
    name: "counts that are none",
    url: OPENAI,
    request: chat(),
    headers: JSON_HEADERS,
    chunks: json({ usage: { prompt_tokens: -4, completion_tokens: "12", total_tokens: null } }),
    isWhole: true,
  },
  {
    name: "a response of the other API that was cut short by its limit",
    url: "https://api.openai.com/v1/responses",
    request: JSON.stringify({ model: "m", input: "" }),
    headers: JSON_HEADERS,
    chunks: json({
      id: "r1",
      status: "incomplete",
      incomplete_details: { reason: "max_output_tokens" },
      usage: { input_tokens: 3, output_tokens: 4, output_tokens_details: { reasoning_tokens: 4 } },
    }),
    isWhole: true,
  },
];
