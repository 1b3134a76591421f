import type { CountConvention } from "./usage.ts";

/**
 * What is known about how producers count, where neither their counts prove it nor the conventions'
 * definition holds. Measured against what the provider's own server logged, or read in the producer's source.
 */
export interface UsageRule {
  /** Stored in `usage_rule` of the rows it decides. */
  readonly name: string;
  /** Instrumentation scopes; "*" at the end stands for any text. */
  readonly scopes?: readonly string[];
  /** Dialects (column `dialect`). */
  readonly dialects?: readonly string[];
  /** Canonical provider names. */
  readonly providers?: readonly string[];
  /** The model's name contains one of these. */
  readonly models?: readonly string[];
  /** The model's name contains none of these; a record that names no model fits. */
  readonly exceptModels?: readonly string[];
  /** Only for calls that were (true) or were not (false) streamed; a call that does not say was not. */
  readonly streaming?: boolean;
  /** Only for calls whose record names a reason why the answer ended (true), or none (false). */
  readonly finished?: boolean;
  /** Does `input` contain the cached tokens? */
  readonly input?: CountConvention;
  /** Does `output` contain the reasoning tokens? */
  readonly output?: CountConvention;
  /**
   * The producer writes guesses of its own, or a part of what was used, where the provider's counts belong,
   * and nothing on the record tells them apart. `unlessDetailed`: a record with cache or reasoning counts is
   * the provider's for sure.
   */
  readonly estimate?: "always" | "unlessDetailed";
  /** What a person who runs the producer should know or do. */
  readonly advice?: string;
}

/** OpenTelemetry's own instrumentation of the AWS SDKs. */
const AWS_SDKS = [
  "@opentelemetry/instrumentation-aws-sdk",
  "opentelemetry.instrumentation.botocore*",
] as const;
/** Models on Bedrock whose counts it makes up: a sixth of the characters (InvokeModel). */
const BEDROCK_GUESSED = ["cohere.command", "mistral"] as const;
/** Models on Bedrock without a prompt cache. Of an inference profile's ARN nobody knows the model. */
const BEDROCK_UNCACHED = [
  "amazon.titan",
  "ai21.",
  "cohere.",
  "deepseek.",
  "meta.",
  "mistral",
] as const;

const GOOGLE = ["gcp.gen_ai", "gcp.gemini", "gcp.vertex_ai"] as const;

/** The first rule that fits decides, separately for input, output and estimates. */
export const USAGE_RULES: readonly UsageRule[] = [
  {
    name: "traceloop-anthropic-js",
    scopes: ["@traceloop/instrumentation-anthropic", "@traceloop/instrumentation-bedrock"],
    input: "exclusive",
  },
  {
    name: "openllmetry-bedrock",
    scopes: ["opentelemetry.instrumentation.bedrock*"],
    input: "exclusive",
  },
  {
    name: "openlit-anthropic",
    dialects: ["openlit"],
    providers: ["anthropic", "aws.bedrock"],
    input: "exclusive",
  },
  {
    name: "openinference-bedrock",
    scopes: [
      "openinference.instrumentation.bedrock*",
      "@arizeai/openinference-instrumentation-bedrock*",
    ],
    input: "exclusive",
  },
  { name: "claude-code", dialects: ["claude-code"], input: "exclusive" },
  { name: "langfuse-buckets", dialects: ["langfuse"], input: "disjoint", output: "disjoint" },
  { name: "gemini-cli-candidates", dialects: ["gemini-cli"], output: "exclusive" },
  {
    name: "traceloop-google-candidates",
    scopes: ["@traceloop/instrumentation-google*", "@traceloop/instrumentation-vertexai*"],
    output: "exclusive",
  },
  {
    name: "genkit-google-candidates",
    dialects: ["genkit"],
    providers: GOOGLE,
    output: "exclusive",
  },
  {
    name: "traceloop-openai-js-stream-estimates",
    scopes: ["@traceloop/instrumentation-openai"],
    estimate: "unlessDetailed",
    advice:
      "this instrumentation replaces the usage of streams by a guess from the text and does not mark it: for OpenAI calls use @lensai/instrumentation or @opentelemetry/instrumentation-openai",
  },
  {
    name: "openlit-langchain-estimates",
    scopes: ["@openlit/instrumentation-langchain"],
    estimate: "always",
    advice:
      "this instrumentation guesses token counts from the text: instrument the provider's SDK instead",
  },
  {
    name: "openlit-anthropic-stream-placeholder",
    scopes: ["@openlit/instrumentation-anthropic"],
    streaming: true,
    estimate: "always",
    advice:
      "this instrumentation adds a placeholder to the output tokens of streams: the Anthropic SDK sends right spans by itself",
  },
  {
    name: "openinference-anthropic-cut-stream",
    scopes: [
      "@arizeai/openinference-instrumentation-anthropic",
      "openinference.instrumentation.anthropic",
    ],
    streaming: true,
    finished: false,
    estimate: "always",
    advice:
      "this instrumentation reports the tokens of a stream that broke off as if they were all: the provider charged for more",
  },
  {
    name: "openlit-stream-estimates",
    dialects: ["openlit"],
    streaming: true,
    estimate: "unlessDetailed",
    advice:
      "this instrumentation guesses the tokens of streams without usage: ask for stream_options.include_usage",
  },
  {
    name: "aws-sdk-bedrock-guesses",
    scopes: AWS_SDKS,
    providers: ["aws.bedrock"],
    models: BEDROCK_GUESSED,
    estimate: "always",
    advice:
      "this instrumentation takes a sixth of the characters for the tokens of this model: instrument the calls with @lensai/instrumentation",
  },
  {
    name: "aws-sdk-bedrock-omits-cache",
    scopes: AWS_SDKS,
    providers: ["aws.bedrock"],
    exceptModels: BEDROCK_UNCACHED,
    estimate: "unlessDetailed",
    advice:
      "this instrumentation leaves out cached tokens of models that have a prompt cache: the cost is a lower bound",
  },
];

/** What the rules say about one kind of call. */
export interface UsageReading {
  readonly input: CountConvention | undefined;
  readonly output: CountConvention | undefined;
  /** Name of the rule behind the conventions. */
  readonly conventionRule: string | undefined;
  readonly estimate: { readonly rule: string; readonly unlessDetailed: boolean } | undefined;
}

/** What tells the rules apart. Asked once per distinct producer, not per call. */
export interface UsageProducer {
  readonly scope: string | undefined;
  readonly dialect: string;
  /** Canonical. */
  readonly provider: string | undefined;
  readonly model: string | undefined;
  readonly isStreaming: boolean;
  /** The record names a reason why the answer ended. */
  readonly isFinished: boolean;
}

/** Applies the rules to a producer. */
export function readingOf(producer: UsageProducer): UsageReading {
  const fitting = USAGE_RULES.filter((rule) => isAbout(rule, producer));
  const input = fitting.find((rule) => rule.input !== undefined);
  const output = fitting.find((rule) => rule.output !== undefined);
  const guess = fitting.find((rule) => rule.estimate !== undefined);
  return {
    input: input?.input,
    output: output?.output,
    conventionRule: (input ?? output)?.name,
    estimate:
      guess === undefined
        ? undefined
        : { rule: guess.name, unlessDetailed: guess.estimate === "unlessDetailed" },
  };
}

function isAbout(rule: UsageRule, producer: UsageProducer): boolean {
  const { scope, dialect, provider, model, isStreaming, isFinished } = producer;
  return (
    isListed(rule.dialects, dialect) &&
    isListed(rule.providers, provider) &&
    (rule.scopes === undefined || rule.scopes.some((pattern) => isScope(pattern, scope))) &&
    (rule.models === undefined || namesOneOf(rule.models, model)) &&
    !namesOneOf(rule.exceptModels ?? [], model) &&
    (rule.streaming === undefined || rule.streaming === isStreaming) &&
    (rule.finished === undefined || rule.finished === isFinished)
  );
}

function namesOneOf(parts: readonly string[], model: string | undefined): boolean {
  return parts.some((part) => model?.includes(part) === true);
}

function isListed(list: readonly string[] | undefined, value: string | undefined): boolean {
  return list === undefined || (value !== undefined && list.includes(value));
}

function isScope(pattern: string, scope: string | undefined): boolean {
  if (scope === undefined) return false;
  return pattern.endsWith("*") ? scope.startsWith(pattern.slice(0, -1)) : scope === pattern;
}
