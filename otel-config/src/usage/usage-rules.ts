import type { CountConvention, TotalRest } from "./usage.ts";

/**
 * What is known about how producers count, where neither their counts prove it nor the conventions'
 * definition holds. Measured against what the provider's own server logged, or read in the producer's source.
 */
export interface UsageRule {
  /** Stored in `usage_rule` of the rows it decides. */
  readonly name: string;
  /** Instrumentation scopes; "*" at the end stands for any text. */
  readonly scopes?: readonly string[];
  /** Only for scopes older than this version ("1.2.3"); a scope that names none is taken for a new one. */
  readonly versionBelow?: string;
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
  /** What may its total have beyond the other counts? */
  readonly rest?: TotalRest;
  /**
   * The producer writes guesses of its own, or a part of what was used, where the provider's counts belong,
   * and nothing on the record tells them apart. `unlessDetailed`: a record with cache or reasoning counts is
   * the provider's for sure. `unlessCacheCounted`: so is one that counts cached tokens, be it none of them.
   */
  readonly estimate?: "always" | "unlessDetailed" | "unlessCacheCounted";
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

/** Models of Google that none of its own tools can be given. */
const GOOGLE_TOOLLESS = ["embedding", "gemma", "imagen", "tts", "veo"] as const;

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
    // Since then it adds the cached tokens, as OpenInference defines the count.
    name: "openinference-bedrock",
    scopes: ["openinference.instrumentation.bedrock"],
    versionBelow: "0.1.60",
    input: "exclusive",
  },
  {
    name: "openinference-bedrock-js",
    scopes: ["@arizeai/openinference-instrumentation-bedrock*"],
    input: "exclusive",
  },
  {
    // Later versions send the uncached input as well, which proves how they count.
    name: "vercel-ai4-anthropic",
    scopes: ["ai"],
    providers: ["anthropic", "aws.bedrock"],
    input: "exclusive",
  },
  {
    name: "vercel-ai4-vertex-claude",
    scopes: ["ai"],
    providers: ["gcp.vertex_ai"],
    models: ["claude"],
    input: "exclusive",
  },
  {
    // Version 5, which keeps thoughts and drops what tools brought; later ones quote Google's usage whole.
    name: "vercel-google-candidates",
    scopes: ["ai"],
    providers: GOOGLE,
    exceptModels: ["claude"],
    output: "exclusive",
    rest: "tools",
  },
  {
    name: "ag2-anthropic",
    dialects: ["ag2"],
    providers: ["anthropic", "aws.bedrock"],
    input: "exclusive",
    output: "inclusive",
  },
  {
    name: "ag2-google-candidates",
    dialects: ["ag2"],
    providers: GOOGLE,
    output: "exclusive",
    rest: "thoughts or tools",
  },
  {
    name: "rig-anthropic",
    dialects: ["rig"],
    providers: ["anthropic", "aws.bedrock"],
    input: "exclusive",
    output: "inclusive",
  },
  { name: "rig-google-candidates", dialects: ["rig"], providers: GOOGLE, output: "exclusive" },
  {
    // It calls itself the provider.
    name: "trpc-agent-claude",
    scopes: ["trpc.agent.go"],
    models: ["claude"],
    input: "exclusive",
    output: "inclusive",
  },
  {
    name: "trpc-agent-gemini-candidates",
    scopes: ["trpc.agent.go"],
    models: ["gemini"],
    output: "exclusive",
    rest: "thoughts or tools",
  },
  {
    name: "pipecat-anthropic",
    scopes: ["pipecat"],
    providers: ["anthropic", "aws.bedrock"],
    input: "exclusive",
  },
  { name: "claude-code", dialects: ["claude-code"], input: "exclusive" },
  { name: "langfuse-buckets", dialects: ["langfuse"], input: "disjoint", output: "disjoint" },
  { name: "gemini-cli-candidates", dialects: ["gemini-cli"], output: "exclusive" },
  {
    name: "traceloop-google-js-candidates",
    scopes: ["@traceloop/instrumentation-google-generativeai"],
    output: "exclusive",
    rest: "tools",
  },
  {
    name: "traceloop-google-candidates",
    scopes: [
      "@traceloop/instrumentation-vertexai*",
      "opentelemetry.instrumentation.google_generativeai*",
      "opentelemetry.instrumentation.vertexai*",
    ],
    output: "exclusive",
    rest: "thoughts or tools",
  },
  {
    name: "genkit-google-candidates",
    dialects: ["genkit"],
    providers: GOOGLE,
    output: "exclusive",
    rest: "thoughts or tools",
  },
  {
    name: "vercel-ai4-google-omits-thoughts",
    scopes: ["ai"],
    providers: GOOGLE,
    exceptModels: ["claude", ...GOOGLE_TOOLLESS],
    estimate: "unlessDetailed",
    advice:
      "version 4 of the AI SDK, and early ones of 5, leave thoughts and cached tokens of Gemini out: use version 6",
  },
  {
    name: "agno-google-omits-thoughts",
    scopes: ["openinference.instrumentation.agno"],
    providers: GOOGLE,
    output: "exclusive",
    estimate: "always",
    advice:
      "Agno leaves the thoughts of Gemini out of the output, and this instrumentation out of the record: instrument Google's SDK as well",
  },
  {
    name: "langchain-js-anthropic",
    scopes: [
      "@arizeai/openinference-instrumentation-langchain",
      "@traceloop/instrumentation-langchain",
    ],
    models: ["claude"],
    estimate: "always",
    advice:
      "LangChain for JavaScript counts the first output tokens of Anthropic's streams twice, and OpenLLMetry leaves cached tokens out: instrument Anthropic's SDK as well",
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
    name: "openlit-text-estimates",
    scopes: [
      "@openlit/instrumentation-huggingface",
      "@openlit/instrumentation-replicate",
      "@openlit/instrumentation-transformers",
    ],
    estimate: "always",
    advice:
      "this instrumentation guesses token counts from the text: take the cost from the provider's bill",
  },
  {
    // Answers of models have a reason why they ended.
    name: "openlit-ollama-embedding-estimates",
    scopes: ["@openlit/instrumentation-ollama"],
    finished: false,
    estimate: "always",
    advice:
      "this instrumentation guesses the tokens of embeddings from the text, and leaves the ones that Ollama counts out",
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
    name: "openinference-cohere-seen-tokens",
    scopes: ["openinference.instrumentation.cohere"],
    estimate: "always",
    advice:
      "this instrumentation reports what the model saw, and Cohere charges for less: its cost is an upper bound",
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
    name: "litellm-stream-estimates",
    dialects: ["litellm"],
    streaming: true,
    estimate: "unlessDetailed",
    advice:
      "LiteLLM guesses the tokens of streams that break off or carry no usage, and sends them like the provider's: instrument the calling SDK as well",
  },
  {
    name: "promptflow-stream-estimates",
    scopes: ["promptflow"],
    estimate: "unlessDetailed",
    advice:
      "prompt flow guesses the tokens of streams, and sends them like the provider's: instrument the calling SDK as well",
  },
  {
    name: "langtrace-stream-estimates",
    dialects: ["langtrace"],
    streaming: true,
    estimate: "unlessDetailed",
    advice:
      "Langtrace guesses the tokens of streams without usage: ask for stream_options.include_usage",
  },
  {
    name: "langtrace-anthropic-omits-cache",
    dialects: ["langtrace"],
    providers: ["anthropic"],
    estimate: "unlessCacheCounted",
    advice:
      "Langtrace leaves out cached tokens of Anthropic: the cost is a lower bound; Anthropic's SDK sends right spans by itself",
  },
  {
    name: "openllmetry-bedrock-invoke-omits-cache",
    scopes: ["opentelemetry.instrumentation.bedrock*", "@traceloop/instrumentation-bedrock"],
    exceptModels: BEDROCK_UNCACHED,
    estimate: "unlessCacheCounted",
    advice:
      "this instrumentation leaves out cached tokens of calls by InvokeModel: use Converse, or take the cost as a lower bound",
  },
  {
    name: "spring-ai-anthropic-stream-omits-cache",
    scopes: ["org.springframework.boot"],
    providers: ["anthropic"],
    estimate: "unlessCacheCounted",
    advice:
      "Spring AI leaves cached tokens out of streams of Anthropic: their cost is a lower bound, calls that are not streamed are right",
  },
  {
    // What Google Search and URL context put into the prompt, of which no record shows whether there was any.
    name: "otel-google-genai-omits-tool-use",
    scopes: ["opentelemetry.instrumentation.google_genai"],
    exceptModels: GOOGLE_TOOLLESS,
    estimate: "always",
    advice:
      "this instrumentation leaves out what Google Search and URL context put into the prompt: the cost of calls that use them is a lower bound, all others are right",
  },
  {
    name: "gateway-omits-cache",
    scopes: ["kong-internal", "traceloop_hub"],
    providers: ["anthropic", "aws.bedrock"],
    estimate: "unlessCacheCounted",
    advice:
      "this gateway leaves cached tokens of Claude out of its spans: where prompts are cached, the cost is a lower bound",
  },
  {
    name: "ruby-llm-omits-cache",
    scopes: ["OpenTelemetry::Instrumentation::RubyLLM"],
    exceptModels: ["embed"],
    estimate: "unlessCacheCounted",
    advice:
      "this instrumentation leaves out cached tokens: of all providers since RubyLLM 1.15, of Anthropic and Bedrock always; where prompts are cached, the cost is a lower bound",
  },
  {
    // Anthropic's client adds what was read and written to the input, and names only what was read; AWS's does neither.
    name: "extensions-ai-omits-cache",
    scopes: ["Experimental.Microsoft.Extensions.AI*", "Experimental.Microsoft.Agents.AI*"],
    providers: ["anthropic", "aws.bedrock"],
    exceptModels: BEDROCK_UNCACHED,
    estimate: "always",
    advice:
      "Microsoft.Extensions.AI has no place for tokens written to Claude's cache, and AWS's client none for those read: where prompts are cached, the cost is a lower bound",
  },
  {
    name: "quarkus-langchain4j-omits-cache",
    scopes: ["io.quarkus.opentelemetry"],
    providers: ["anthropic", "aws.bedrock"],
    estimate: "unlessCacheCounted",
    advice:
      "Quarkus LangChain4j leaves cached tokens out of its spans: where prompts are cached, the cost is a lower bound",
  },
  {
    name: "quarkus-langchain4j-omits-thoughts",
    scopes: ["io.quarkus.opentelemetry"],
    providers: GOOGLE,
    estimate: "always",
    advice:
      "Quarkus LangChain4j leaves Gemini's thoughts out of its spans: where a model thinks, the cost is a lower bound",
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
    estimate: "unlessCacheCounted",
    advice:
      "this instrumentation leaves out cached tokens of models that have a prompt cache: the cost is a lower bound",
  },
  {
    // No part of Google's own total is somebody's guess.
    name: "google-total",
    providers: GOOGLE,
    exceptModels: ["claude"],
    rest: "thoughts or tools",
  },
];
