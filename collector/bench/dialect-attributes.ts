import type { Random } from "./random.ts";

/** The same calls in the words of other instrumentations: renamed attributes, counts inside JSON. */

export type Attribute = { key: string; value: Record<string, unknown> };

export interface DialectDress {
  readonly scope: string;
  readonly dress: (attributes: Attribute[], random: Random) => Attribute[];
}

const text = (key: string, value: string): Attribute => ({ key, value: { stringValue: value } });

const OPENINFERENCE: Readonly<Record<string, string>> = {
  "gen_ai.provider.name": "llm.provider",
  "gen_ai.request.model": "llm.model_name",
  "gen_ai.response.model": "llm.response.model_name",
  "gen_ai.usage.input_tokens": "llm.token_count.prompt",
  "gen_ai.usage.output_tokens": "llm.token_count.completion",
  "gen_ai.usage.cache_read.input_tokens": "llm.token_count.prompt_details.cache_read",
};
const VERCEL: Readonly<Record<string, string>> = {
  "gen_ai.provider.name": "ai.model.provider",
  "gen_ai.response.model": "ai.response.model",
  "gen_ai.response.id": "ai.response.id",
  "gen_ai.usage.input_tokens": "ai.usage.inputTokens",
  "gen_ai.usage.output_tokens": "ai.usage.outputTokens",
  "gen_ai.usage.cache_read.input_tokens": "ai.usage.cachedInputTokens",
};
const LANGFUSE_COUNTS: Readonly<Record<string, string>> = {
  "gen_ai.usage.input_tokens": "input",
  "gen_ai.usage.output_tokens": "output",
  "gen_ai.usage.cache_read.input_tokens": "input_cached_tokens",
};

const renamed = (attributes: Attribute[], names: Readonly<Record<string, string>>): Attribute[] =>
  attributes
    .filter(({ key }) => key !== "gen_ai.operation.name")
    .map(({ key, value }) => ({ key: names[key] ?? key, value }));

function langfuse(attributes: Attribute[]): Attribute[] {
  const counts: Record<string, unknown> = {};
  const rest: Attribute[] = [];
  for (const attribute of attributes) {
    const bucket = LANGFUSE_COUNTS[attribute.key];
    if (bucket === undefined) rest.push(attribute);
    else counts[bucket] = attribute.value["intValue"];
  }
  return [
    ...renamed(rest, { "gen_ai.response.model": "langfuse.observation.model.name" }),
    text("langfuse.observation.type", "generation"),
    text("langfuse.observation.usage_details", JSON.stringify(counts)),
  ];
}

/** Taken in turns, one per request. The first leaves the spans as they are. */
export const DIALECT_DRESSES: readonly DialectDress[] = [
  { scope: "@opentelemetry/instrumentation-openai", dress: (attributes) => attributes },
  {
    scope: "@arizeai/openinference-instrumentation-openai",
    dress: (attributes, random) => [
      ...renamed(attributes, OPENINFERENCE),
      text("openinference.span.kind", "LLM"),
      text("llm.invocation_parameters", `{"temperature":0.7,"seed":${random.integer(1, 99)}}`),
    ],
  },
  {
    scope: "ai",
    dress: (attributes) => [
      ...renamed(attributes, VERCEL),
      text("ai.operationId", "ai.streamText.doStream"),
      text("ai.response.providerMetadata", '{"openai":{"acceptedPredictionTokens":0}}'),
    ],
  },
  { scope: "langfuse-sdk", dress: (attributes) => langfuse(attributes) },
];
