import type { Model } from "./catalogue.ts";
import type { Feature } from "./projects.ts";
import type { Random } from "./random.ts";
import type { AttributeValue, Attributes, Emitter } from "./span.ts";
import { conversationText } from "./texts.ts";

/** What one model call is asked to be. */
export interface CallRequest {
  readonly feature: Feature;
  readonly model: Model;
  readonly isStreaming: boolean;
  /** Grows with the steps of an agent, whose prompt carries everything said before. */
  readonly inputFactor: number;
  readonly finishReason: "stop" | "tool_calls" | "length";
}

/** What came out of it. */
export interface Call {
  readonly attributes: Attributes;
  readonly durationSeconds: number;
  readonly error: { readonly type: string; readonly message: string } | undefined;
}

const FAILURES = [
  { weight: 5, type: "429", message: "rate limit reached for this model" },
  { weight: 3, type: "timeout", message: "request timed out after 30000 ms" },
  { weight: 3, type: "529", message: "overloaded" },
  { weight: 1, type: "400", message: "maximum context length exceeded" },
];
const FAILURE_SHARE = 0.018;
/** Share of calls whose text is captured, as teams sample it. */
const CAPTURE_SHARE = 0.15;

/** One chat completion, successful or not, in the attribute names of the emitter's generation. */
export function chatCall(random: Random, request: CallRequest): Call {
  const { model, feature } = request;
  const inputTokens = Math.ceil(random.logNormal(feature.inputTokens * request.inputFactor, 0.45));
  const outputTokens = Math.ceil(random.logNormal(feature.outputTokens, 0.6));
  const firstChunkSeconds = random.logNormal(model.firstChunkSeconds, 0.35);
  const error = random.chance(FAILURE_SHARE) ? random.weighted(FAILURES) : undefined;
  const base = requestAttributes(request);
  if (error !== undefined) {
    return {
      attributes: { ...base, "error.type": error.type },
      durationSeconds: error.type === "timeout" ? 30 : random.logNormal(0.4, 0.5),
      error,
    };
  }
  const reasoningTokens = Math.floor(outputTokens * model.reasoningShare);
  const captured = random.chance(CAPTURE_SHARE) ? conversationText(random, feature.name) : {};
  return {
    attributes: {
      ...base,
      "gen_ai.response.model": model.responseModel,
      "gen_ai.response.id": responseId(random, model),
      "gen_ai.response.finish_reasons": [request.finishReason],
      "gen_ai.usage.input_tokens": inputTokens,
      "gen_ai.usage.output_tokens": outputTokens,
      ...(request.isStreaming && {
        "gen_ai.response.time_to_first_chunk": { float: firstChunkSeconds },
      }),
      ...cacheAttributes(random, request, inputTokens),
      ...(reasoningTokens > 0 &&
        feature.service.emitter.generation > 1 && {
          "gen_ai.usage.reasoning.output_tokens": reasoningTokens,
        }),
      ...captured,
    },
    durationSeconds: firstChunkSeconds + outputTokens / model.tokensPerSecond,
    error: undefined,
  };
}

export function embeddingCall(random: Random, model: Model, feature: Feature): Call {
  return {
    attributes: {
      "gen_ai.operation.name": "embeddings",
      ...providerAttribute(feature.service.emitter, model.provider),
      "gen_ai.request.model": model.requestModel,
      "gen_ai.response.model": model.responseModel,
      "gen_ai.usage.input_tokens": Math.ceil(
        random.logNormal(Math.min(feature.inputTokens, 3000) / 4, 0.6),
      ),
    },
    durationSeconds: random.logNormal(0.12, 0.4),
    error: undefined,
  };
}

function requestAttributes({ feature, model, isStreaming }: CallRequest): Attributes {
  return {
    "gen_ai.operation.name": "chat",
    ...providerAttribute(feature.service.emitter, model.provider),
    "gen_ai.request.model": model.requestModel,
    ...(isStreaming && { "gen_ai.request.stream": true }),
    "server.address": `api.${model.provider.replaceAll(/[._]/g, "-")}.example`,
  };
}

function providerAttribute(emitter: Emitter, provider: string): Attributes {
  return emitter.generation === 1
    ? { "gen_ai.system": provider }
    : { "gen_ai.provider.name": provider };
}

function cacheAttributes(random: Random, request: CallRequest, inputTokens: number): Attributes {
  const { feature, model } = request;
  const { generation } = feature.service.emitter;
  if (generation === 1 || feature.cacheHits === 0) return {};
  const prefix = Math.floor(inputTokens * (0.55 + 0.4 * random.next()));
  if (random.chance(feature.cacheHits)) return { "gen_ai.usage.cache_read.input_tokens": prefix };
  if (!model.reportsCacheWrites) return {};
  const name = generation === 2 ? "cache_creation" : "cache_write";
  return { [`gen_ai.usage.${name}.input_tokens`]: prefix };
}

function responseId(random: Random, model: Model): AttributeValue {
  return `${model.responseIdPrefix}${Buffer.from(random.bytes(12)).toString("hex")}`;
}
