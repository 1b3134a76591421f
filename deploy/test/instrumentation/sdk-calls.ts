import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

/** What applications do with the SDKs of providers, one entry per way to call. */

export interface SdkTarget {
  readonly url: string;
  readonly fetch: typeof fetch;
}

/** Makes one call and answers with all that the application gets to see of it. */
export type SdkCall = (target: SdkTarget) => Promise<unknown>;

const WEATHER = {
  type: "object" as const,
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};

function openai({ url, fetch }: SdkTarget): OpenAI {
  return new OpenAI({ apiKey: "sk-none", baseURL: `${url}/v1`, maxRetries: 1, fetch });
}

function anthropic({ url, fetch }: SdkTarget): Anthropic {
  return new Anthropic({ apiKey: "sk-none", baseURL: url, maxRetries: 1, fetch });
}

const file = (name: string): File => new File(["not quite a file"], name);

const chat = (content: string) => ({
  model: "gpt-4o-mini",
  messages: [{ role: "user" as const, content }],
});
const messages = (content: string) => ({
  model: "claude-haiku-4-5",
  max_tokens: 400,
  messages: [{ role: "user" as const, content }],
});

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const events: T[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

/** Reads the first event and leaves. */
async function first<T>(stream: AsyncIterable<T>): Promise<T | undefined> {
  for await (const event of stream) return event;
  return undefined;
}

/** Reads one event, aborts, and reads on. */
async function aborted(stream: AsyncIterable<unknown> & { controller: AbortController }) {
  const events: unknown[] = [];
  for await (const event of stream) {
    events.push(event);
    stream.controller.abort();
  }
  return events;
}

const SUMMARY = {
  type: "json_schema" as const,
  json_schema: {
    name: "summary",
    strict: true,
    schema: {
      type: "object",
      properties: { summary: { type: "string" } },
      required: ["summary"],
      additionalProperties: false,
    },
  },
};

export const OPENAI_CALLS: Readonly<Record<string, SdkCall>> = {
  create: (to) => openai(to).chat.completions.create(chat("{cached} {reasoning}")),
  "create with a tool": (to) =>
    openai(to).chat.completions.create({
      ...chat("{tool}"),
      tools: [{ type: "function", function: { name: "get_weather", parameters: WEATHER } }],
    }),
  parse: (to) =>
    openai(to).chat.completions.parse({ ...chat("As JSON"), response_format: SUMMARY }),
  "several choices": (to) =>
    openai(to).chat.completions.create({ ...chat("{cached} {reasoning}"), n: 3 }),
  "several choices in a stream": async (to) =>
    all(await openai(to).chat.completions.create({ ...chat("words"), n: 3, stream: true })),
  "a loop of calls with a tool": async (to) => {
    const runner = openai(to).chat.completions.runTools({
      ...chat("{tool}"),
      tools: [
        {
          type: "function",
          function: {
            name: "get_weather",
            description: "weather",
            parameters: WEATHER,
            parse: JSON.parse,
            function: () => "18 degrees and sunny",
          },
        },
      ],
    });
    return [await runner.finalContent(), runner.messages];
  },
  "an upload of a sound": (to) =>
    openai(to).audio.transcriptions.create({ file: file("a.wav"), model: "gpt-4o-transcribe" }),
  "an upload of a sound, in a stream": async (to) =>
    all(
      await openai(to).audio.transcriptions.create({
        file: file("a.wav"),
        model: "gpt-4o-transcribe",
        stream: true,
      }),
    ),
  "an upload that is refused at first": (to) =>
    openai(to).audio.translations.create({
      file: file("a.wav"),
      model: "gpt-4o-transcribe",
      prompt: "{retried}",
    }),
  "an upload of an image": (to) =>
    openai(to).images.edit({ image: file("a.png"), model: "gpt-image-1", prompt: "a hat" }),
  "an image in a stream": async (to) =>
    all(await openai(to).images.generate({ model: "gpt-image-1", prompt: "a hat", stream: true })),
  speech: async (to) => {
    const request = { model: "gpt-4o-mini-tts", voice: "alloy", input: "words" };
    const response = await openai(to).audio.speech.create(request);
    return [response.constructor.name, response.headers.get("content-type"), await response.text()];
  },
  "create with the response": async (to) => {
    const { data, response, request_id } = await openai(to)
      .chat.completions.create(chat("words"))
      .withResponse();
    return { data, request_id, status: response.status, url: response.url.replace(to.url, "") };
  },
  "create as a response": async (to) => {
    const response = await openai(to).chat.completions.create(chat("words")).asResponse();
    return [response.constructor.name, response.bodyUsed, await response.json()];
  },
  "stream with usage": async (to) =>
    all(
      await openai(to).chat.completions.create({
        ...chat("{cached} {reasoning}"),
        stream: true,
        stream_options: { include_usage: true },
      }),
    ),
  "stream without usage": async (to) =>
    all(await openai(to).chat.completions.create({ ...chat("words"), stream: true })),
  "stream with a tool": async (to) =>
    all(await openai(to).chat.completions.create({ ...chat("{tool}"), stream: true })),
  "the helper for streams": async (to) => {
    const stream = openai(to).chat.completions.stream(chat("words"));
    const deltas: string[] = [];
    stream.on("content", (delta) => deltas.push(delta));
    return [await stream.finalChatCompletion(), deltas];
  },
  "stream, teed": async (to) => {
    const stream = await openai(to).chat.completions.create({ ...chat("words"), stream: true });
    const [left, right] = stream.tee();
    return Promise.all([all(left), all(right)]);
  },
  "responses create": (to) =>
    openai(to).responses.create({ model: "gpt-4o-mini", input: "{cached} {reasoning}" }),
  "responses stream": async (to) =>
    all(await openai(to).responses.create({ model: "gpt-4o-mini", input: "words", stream: true })),
  embeddings: (to) =>
    openai(to).embeddings.create({ model: "text-embedding-3-small", input: ["a", "b"] }),
  "429, then 200": (to) => openai(to).chat.completions.create(chat("{retried}")),
  "500, twice": (to) => openai(to).chat.completions.create(chat("{failing}")),
  "a stream that is cut": async (to) =>
    all(await openai(to).chat.completions.create({ ...chat("{cut}"), stream: true })),
  "a stream that is aborted": async (to) =>
    aborted(await openai(to).chat.completions.create({ ...chat("{slow}"), stream: true })),
  "a stream that is left": async (to) =>
    first(await openai(to).chat.completions.create({ ...chat("{slow}"), stream: true })),
};

export const ANTHROPIC_CALLS: Readonly<Record<string, SdkCall>> = {
  create: (to) => anthropic(to).messages.create(messages("{cached} {1h}")),
  "create with a tool": (to) =>
    anthropic(to).messages.create({
      ...messages("{tool}"),
      tools: [{ name: "get_weather", input_schema: WEATHER }],
    }),
  "a loop of calls with a tool": async (to) => {
    const request = {
      ...messages("{tool}"),
      tools: [{ name: "get_weather", input_schema: WEATHER }],
    };
    const { content } = await anthropic(to).messages.create(request);
    const results = content.map((block) => ({
      type: "tool_result" as const,
      tool_use_id: block.type === "tool_use" ? block.id : "",
      content: "18 degrees and sunny",
    }));
    return anthropic(to).messages.create({
      ...request,
      messages: [
        ...request.messages,
        { role: "assistant", content },
        { role: "user", content: results },
      ],
    });
  },
  stream: async (to) =>
    all(await anthropic(to).messages.create({ ...messages("{cached}"), stream: true })),
  "the helper for streams": async (to) => {
    const stream = anthropic(to).messages.stream(messages("{cached} {1h}"));
    const texts: string[] = [];
    stream.on("text", (text) => texts.push(text));
    return [await stream.finalMessage(), texts];
  },
  "429, then 200": (to) => anthropic(to).messages.create(messages("{retried}")),
  "500, twice": (to) => anthropic(to).messages.create(messages("{failing}")),
  "a stream that is cut": async (to) =>
    all(await anthropic(to).messages.create({ ...messages("{cut}"), stream: true })),
  "a stream that is aborted": async (to) =>
    aborted(await anthropic(to).messages.create({ ...messages("{slow}"), stream: true })),
};
