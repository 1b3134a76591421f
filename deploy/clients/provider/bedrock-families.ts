import { piecesOf } from "./answer.ts";
import type { Answer } from "./answer.ts";
import { eventStreamMessage } from "./event-stream.ts";
import { JSON_TYPE, plainUsage } from "./reply.ts";
import type { ProviderApi, ProviderRequest, Reply } from "./reply.ts";

/** What InvokeModel answers for the models of one family. */
interface Family {
  readonly model: RegExp;
  /** The body, with its counts where the family has any. */
  readonly body: (text: string, counts: Tokens) => object;
  readonly events: (pieces: readonly string[], counts: Tokens) => object[];
}

interface Tokens {
  readonly input: number;
  readonly output: number;
}

const FAMILIES: readonly Family[] = [
  {
    model: /nova/,
    body: (text, { input, output }) => ({
      output: { message: { role: "assistant", content: [{ text }] } },
      stopReason: "end_turn",
      usage: { inputTokens: input, outputTokens: output, totalTokens: input + output },
    }),
    events: (pieces, { input, output }) => [
      { messageStart: { role: "assistant" } },
      ...pieces.map((text) => ({ contentBlockDelta: { delta: { text }, contentBlockIndex: 0 } })),
      { messageStop: { stopReason: "end_turn" } },
      { metadata: { usage: { inputTokens: input, outputTokens: output } } },
    ],
  },
  {
    model: /titan-embed/,
    body: (_, { input }) => ({ embedding: [0.25, -0.5], inputTextTokenCount: input }),
    events: () => [],
  },
  {
    model: /titan-text/,
    body: (outputText, { input, output }) => ({
      inputTextTokenCount: input,
      results: [{ tokenCount: output, outputText, completionReason: "FINISH" }],
    }),
    events: (pieces, { input, output }) =>
      pieces.map((outputText, at) => {
        const isLast = at === pieces.length - 1;
        return {
          outputText,
          index: 0,
          totalOutputTextTokenCount: isLast ? output : null,
          completionReason: isLast ? "FINISH" : null,
          inputTextTokenCount: isLast ? input : null,
        };
      }),
  },
  {
    model: /llama/,
    body: (generation, { input, output }) => ({
      generation,
      prompt_token_count: input,
      generation_token_count: output,
      stop_reason: "stop",
    }),
    events: (pieces) =>
      pieces.map((generation, at) => ({
        generation,
        prompt_token_count: null,
        generation_token_count: at + 1,
        stop_reason: at === pieces.length - 1 ? "stop" : null,
      })),
  },
  {
    model: /mistral/,
    body: (text) => ({ outputs: [{ text, stop_reason: "stop" }] }),
    events: (pieces) =>
      pieces.map((text, at) => ({
        outputs: [{ text, stop_reason: at === pieces.length - 1 ? "stop" : null }],
      })),
  },
  {
    model: /cohere/,
    body: (text) => ({ text, generation_id: "g", finish_reason: "COMPLETE" }),
    events: (pieces) => [
      ...pieces.map((text) => ({ text, is_finished: false, event_type: "text-generation" })),
      { finish_reason: "COMPLETE", is_finished: true, event_type: "stream-end" },
    ],
  },
];

/** Bedrock InvokeModel with models of others than Anthropic. */
export const BEDROCK_FAMILIES: ProviderApi = {
  name: "bedrock.invoke.families",
  matches: (path) => FAMILIES.some(({ model }) => model.test(modelIn(path))),
  modelOf: ({ path }) => modelIn(path),
  isStream: ({ path }) => path.endsWith("-stream"),
  failure: ({ number }) => JSON.stringify({ message: `refused ${number}` }),
  reply: replyTo,
};

function modelIn(path: string): string {
  return decodeURIComponent(/\/model\/([^/]+)\/invoke/.exec(path)?.[1] ?? "");
}

function replyTo(request: ProviderRequest, { counts, text, number }: Answer): Reply {
  const model = modelIn(request.path);
  const family = FAMILIES.find((each) => each.model.test(model)) as Family;
  const tokens = { input: counts.uncached, output: model.includes("embed") ? 0 : counts.text };
  const isStream = BEDROCK_FAMILIES.isStream(request);
  const usageRaw = { inputTokenCount: tokens.input, outputTokenCount: tokens.output };
  const events = family.events(piecesOf(text), tokens);
  const last = { ...events.at(-1), "amazon-bedrock-invocationMetrics": usageRaw };
  return {
    contentType: isStream ? "application/vnd.amazon.eventstream" : JSON_TYPE,
    chunks: isStream
      ? [...events.slice(0, -1), last].map((event) => chunkOf(event))
      : [JSON.stringify(family.body(text, tokens))],
    isStream,
    responseId: null,
    responseModel: model,
    usageRaw,
    usage: plainUsage(tokens.input, tokens.output),
    usageIsSent: true,
    headers: {
      "x-amzn-requestid": `request-${number}`,
      ...(!isStream && {
        "x-amzn-bedrock-input-token-count": String(tokens.input),
        "x-amzn-bedrock-output-token-count": String(tokens.output),
      }),
    },
  };
}

function chunkOf(event: object): Buffer {
  const bytes = Buffer.from(JSON.stringify(event)).toString("base64");
  return eventStreamMessage("chunk", { bytes });
}
