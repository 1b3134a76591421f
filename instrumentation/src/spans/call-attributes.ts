import type { Attributes } from "@opentelemetry/api";
import { GEN_AI } from "@lensai/otel-config/attributes/gen-ai";
import { LENSAI } from "@lensai/otel-config/attributes/lensai";
import { normaliseUsage } from "@lensai/otel-config/usage/normalise-usage";
import { createNormalUsage } from "@lensai/otel-config/usage/usage";
import type { NormalUsage, RawUsage } from "@lensai/otel-config/usage/usage";
import type { WireCall } from "../wire/recognise-call.ts";
import type { ResponseFacts } from "../wire/response-facts.ts";

/** The span of a call in the words of the OpenTelemetry GenAI conventions (generation 3). */

/** English prose has about four characters per token; other texts have fewer. */
const CHARACTERS_PER_TOKEN = 4;

export function spanNameOf({ api, model }: WireCall): string {
  return model === undefined ? api.operation : `${api.operation} ${model}`;
}

/** What is known before the call is made. */
export function requestAttributes(call: WireCall): Attributes {
  const { api, provider, model, isStream, serverAddress, serverPort, parameters } = call;
  return {
    ...parameters,
    [GEN_AI.operationName]: api.operation,
    [GEN_AI.providerName]: provider,
    ...(model !== undefined && { [GEN_AI.requestModel]: model }),
    ...(isStream && { [GEN_AI.requestStream]: true }),
    ...(OPENAI_API_TYPES[api.name] !== undefined && {
      [GEN_AI.openai.apiType]: OPENAI_API_TYPES[api.name],
    }),
    "server.address": serverAddress,
    "server.port": serverPort,
  };
}

const OPENAI_API_TYPES: Readonly<Record<string, string>> = {
  "openai.chat": "chat_completions",
  "openai.responses": "responses",
};

/** What the answer adds. Counts are inclusive totals and their parts; what is not known is left out. */
export function responseAttributes(call: WireCall, facts: ResponseFacts): Attributes {
  const { id, model, finishReasons, serviceTier, systemFingerprint, problem } = facts;
  const tierName = call.api.name.startsWith("openai.")
    ? GEN_AI.openai.responseServiceTier
    : GEN_AI.anthropic.responseServiceTier;
  return withoutUndefined({
    [GEN_AI.responseId]: id,
    [GEN_AI.responseModel]: model,
    [GEN_AI.finishReasons]:
      finishReasons.length === 0
        ? undefined
        : Array.from(finishReasons, (reason) => reason ?? "error"),
    [tierName]: serviceTier,
    [GEN_AI.openai.systemFingerprint]: systemFingerprint,
    [LENSAI.observationProblem]: problem,
    [LENSAI.usageCostUsd]: facts.costUsd,
    [LENSAI.answerFromCache]: facts.isFromCache || undefined,
    ...usageAttributes(facts),
  });
}

function usageAttributes(facts: ResponseFacts): Attributes {
  const isBrokenOff = facts.problem === "stream_broken_off";
  const counts = isBrokenOff ? withoutOutput(facts.usage) : facts.usage;
  const usage = normaliseUsage(counts, createNormalUsage());
  const attributes = countAttributes(usage);
  if (facts.problem === undefined && facts.hasUsage) return attributes;
  // Part of a stream is no reason to guess its input: that would be most of the cost.
  if (!facts.hasUsage) return { [LENSAI.usageSource]: "missing" };
  if (!isBrokenOff) return attributes;
  const seen = Math.ceil(facts.outputCharacters / CHARACTERS_PER_TOKEN);
  return {
    ...attributes,
    [LENSAI.usageSource]: "estimated",
    [LENSAI.usageEstimatedOutputTokens]: Math.max(seen, facts.usage.output ?? 0),
  };
}

/** Before the end of a stream, output counts are placeholders or running totals. */
function withoutOutput(usage: RawUsage): RawUsage {
  return {
    ...usage,
    output: undefined,
    outputText: undefined,
    reasoning: undefined,
    audioOutput: undefined,
    imageOutput: undefined,
    total: undefined,
  };
}

function countAttributes(usage: NormalUsage): Attributes {
  const { cacheWrite5m, cacheWrite1h } = usage;
  const hasWrites = cacheWrite5m !== undefined || cacheWrite1h !== undefined;
  return {
    [GEN_AI.usage.inputTokens]: usage.input,
    [GEN_AI.usage.outputTokens]: usage.output,
    [GEN_AI.usage.cacheReadInputTokens]: usage.cacheRead,
    [GEN_AI.usage.cacheWriteInputTokens]: hasWrites
      ? (cacheWrite5m ?? 0) + (cacheWrite1h ?? 0)
      : undefined,
    // Only where the provider tells them apart: without the split, all writes are of five minutes.
    ...(cacheWrite1h !== undefined && {
      [GEN_AI.anthropic.cacheWrite5mInputTokens]: cacheWrite5m,
      [GEN_AI.anthropic.cacheWrite1hInputTokens]: cacheWrite1h,
    }),
    [GEN_AI.usage.reasoningOutputTokens]: usage.reasoning,
    [GEN_AI.usage.audioInputTokens]: usage.audioInput,
    [GEN_AI.usage.audioOutputTokens]: usage.audioOutput,
    [GEN_AI.usage.imageInputTokens]: usage.imageInput,
    [GEN_AI.usage.imageOutputTokens]: usage.imageOutput,
    [LENSAI.usageWebSearches]: usage.webSearches,
  };
}

function withoutUndefined(attributes: Attributes): Attributes {
  const defined: Attributes = {};
  for (const name in attributes) {
    const value = attributes[name];
    if (value !== undefined) defined[name] = value;
  }
  return defined;
}
