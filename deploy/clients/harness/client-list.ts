/** The clients that the harness drives: data, one entry per set of packages. */

export interface Client {
  readonly name: string;
  /** What it is, for people. */
  readonly title: string;
  readonly runtime: "node" | "python";
  /** Folder of the program; several sets of packages can share one. */
  readonly app: string;
  readonly scenarios: readonly string[];
  /** The packages whose versions a verdict is about. */
  readonly packages: readonly string[];
  /** Folder of its packages, where that is not the one of its name. */
  readonly install?: string;
  /** Packages of this repository that it uses: installed in the form that is published. */
  readonly packs?: readonly string[];
  /** How it sends; OTLP/HTTP with protobuf where nothing is said. */
  readonly otlp?: "grpc";
  /** What its users can do about what it does not send. */
  readonly advice: string;
}

const OPENAI = ["openai-calls", "openai-streams"];
const ANTHROPIC = ["anthropic-calls", "anthropic-streams"];
const GEMINI = ["gemini-calls", "gemini-streams"];
const LANGCHAIN = ["langchain-calls", "langchain-streams"];
const LANGCHAIN_ON_OPENAI = ["langchain-on-openai-calls", "langchain-on-openai-streams"];
const BEDROCK = ["bedrock-calls", "bedrock-streams", "bedrock-invoke"];
const AGENT = ["agent-calls", "agent-streams"];
const AI_SDK = ["ai-openai-calls", "ai-openai-streams", "ai-anthropic"];

/** Every API that we observe, through the SDK of its provider. */
const OWN = [
  ...OPENAI,
  "openai-choices",
  "openai-media",
  "azure-calls",
  "groq-calls",
  ...ANTHROPIC,
  "anthropic-tools",
  ...GEMINI,
  "gemini-embeddings",
  ...BEDROCK,
  "bedrock-families",
  "cohere-calls",
  "cohere-streams",
  "mistral-calls",
  "mistral-streams",
  "ollama-calls",
  "ollama-streams",
  ...AI_SDK,
];

export const CLIENTS: readonly Client[] = [
  {
    name: "lensai",
    title: "LensAI's own instrumentation (JavaScript)",
    runtime: "node",
    app: "lensai",
    packs: ["instrumentation"],
    scenarios: OWN,
    packages: [
      "@lensai/instrumentation",
      "openai",
      "groq-sdk",
      "@anthropic-ai/sdk",
      "@google/genai",
      "@aws-sdk/client-bedrock-runtime",
      "cohere-ai",
      "@mistralai/mistralai",
      "ollama",
      "ai",
    ],
    advice:
      "AWS's SDK is observed over HTTP/2, which it speaks by default. What is charged by the second, the picture or the search has no tokens. A stream that breaks off is marked: its usage is missing, or its output a guess.",
  },
  {
    name: "lensai-langchain",
    title: "LensAI's own instrumentation and its adapter for LangChain (JavaScript)",
    runtime: "node",
    app: "lensai-langchain",
    packs: ["instrumentation", "adapters/langchain"],
    scenarios: AGENT,
    packages: ["@lensai/instrumentation", "@lensai/langchain", "@langchain/core", "langchain"],
    advice: "Nothing to do. Agents, tools and steps are shown; the calls below them are billed.",
  },
  {
    name: "otel-openai",
    title: "OpenTelemetry for OpenAI (JavaScript)",
    runtime: "node",
    app: "otel-openai",
    scenarios: OPENAI,
    packages: ["@opentelemetry/instrumentation-openai", "openai"],
    advice:
      "Ask for `stream_options.include_usage` in every chat stream. Cached and reasoning tokens are never sent: the cost of a cached prompt is an upper bound. A stream that breaks off sends no span.",
  },
  {
    name: "otel-openai-grpc",
    title: "the same over gRPC with gzip",
    runtime: "node",
    app: "otel-openai",
    install: "otel-openai",
    otlp: "grpc",
    scenarios: ["openai-calls"],
    packages: ["@opentelemetry/instrumentation-openai", "openai"],
    advice: "Its gRPC exporter never sends a refused batch again: prefer OTLP/HTTP.",
  },
  {
    name: "otel-openai-newest",
    title: "the same with the newest openai",
    runtime: "node",
    app: "otel-openai",
    scenarios: OPENAI,
    packages: ["@opentelemetry/instrumentation-openai", "openai"],
    advice:
      "It patches openai below version 7 and says nothing about newer ones: no span is sent. Stay on openai 6 until it supports 7.",
  },
  {
    name: "otel-bedrock",
    title: "OpenTelemetry for Bedrock (JavaScript)",
    runtime: "node",
    app: "otel-bedrock",
    scenarios: BEDROCK,
    packages: ["@opentelemetry/instrumentation-aws-sdk", "@aws-sdk/client-bedrock-runtime"],
    advice:
      "Cached input is left out of the counts and sent nowhere else: calls that use prompt caching cost more than can be seen.",
  },
  {
    name: "anthropic-sdk",
    title: "Anthropic's SDK with its own spans",
    runtime: "node",
    app: "anthropic-sdk",
    scenarios: ANTHROPIC,
    packages: ["@anthropic-ai/sdk"],
    advice: "Nothing to do. Another instrumentation on top repeats every call, and is not billed.",
  },
  {
    name: "openllmetry",
    title: "OpenLLMetry (JavaScript)",
    runtime: "node",
    app: "openllmetry",
    scenarios: [...OPENAI, ...ANTHROPIC, ...GEMINI, ...LANGCHAIN_ON_OPENAI],
    packages: ["@traceloop/node-server-sdk", "openai", "@anthropic-ai/sdk", "@google/genai"],
    advice:
      "Streams of OpenAI carry its own estimate in place of the usage, and look like any other call; embeddings send no span. Use another instrumentation for OpenAI where streams matter.",
  },
  {
    name: "openinference",
    title: "OpenInference (JavaScript)",
    runtime: "node",
    app: "openinference",
    scenarios: [...OPENAI, ...ANTHROPIC, ...LANGCHAIN, ...LANGCHAIN_ON_OPENAI],
    packages: [
      "@arizeai/openinference-instrumentation-openai",
      "@arizeai/openinference-instrumentation-anthropic",
      "@arizeai/openinference-instrumentation-langchain",
      "openai",
      "@anthropic-ai/sdk",
      "@langchain/openai",
    ],
    advice:
      "Chat streams of OpenAI lose their usage; use the responses API for streams. A stream that breaks off sends nothing, and ends the process with an unhandled rejection.",
  },
  {
    name: "openlit",
    title: "OpenLIT (JavaScript)",
    runtime: "node",
    app: "openlit",
    scenarios: [...OPENAI, ...ANTHROPIC],
    packages: ["openlit", "openai", "@anthropic-ai/sdk"],
    advice:
      "Ask for `stream_options.include_usage` in every chat stream: without it an estimate is sent in its place.",
  },
  {
    name: "langfuse",
    title: "Langfuse SDK (JavaScript)",
    runtime: "node",
    app: "langfuse",
    scenarios: OPENAI,
    packages: ["@langfuse/openai", "@langfuse/otel", "openai"],
    advice:
      "Ask for `stream_options.include_usage` in every chat stream. Embeddings have no usage; streams that break off send no span.",
  },
  {
    name: "langsmith",
    title: "LangSmith in OpenTelemetry mode (JavaScript)",
    runtime: "node",
    app: "langsmith",
    scenarios: [...OPENAI, ...LANGCHAIN],
    packages: ["langsmith", "openai", "@langchain/openai"],
    advice:
      "Streams, embeddings and LangChain's models send no span over OTLP. Use OpenInference for those.",
  },
  {
    name: "vercel-ai5",
    title: "Vercel AI SDK 5",
    runtime: "node",
    app: "vercel-ai",
    scenarios: AI_SDK,
    packages: ["ai", "@ai-sdk/openai", "@ai-sdk/anthropic"],
    advice: "Cached and reasoning tokens of calls that do not stream are not sent. Use version 6.",
  },
  {
    name: "vercel-ai6",
    title: "Vercel AI SDK 6",
    runtime: "node",
    app: "vercel-ai",
    scenarios: AI_SDK,
    packages: ["ai", "@ai-sdk/openai", "@ai-sdk/anthropic"],
    advice: "Nothing to do. Streams that break off send no counts.",
  },
  {
    name: "vercel-ai7",
    title: "Vercel AI SDK 7",
    runtime: "node",
    app: "vercel-ai",
    scenarios: [...AI_SDK, "ai-with-legacy-spans"],
    packages: ["ai", "@ai-sdk/otel", "@ai-sdk/openai", "@ai-sdk/anthropic"],
    advice:
      "Reasoning tokens are sent only with the `usage` option of its integration; the cost does not depend on them.",
  },
  {
    name: "openinference-vercel",
    title: "OpenInference for the Vercel AI SDK",
    runtime: "node",
    app: "openinference-vercel",
    scenarios: AI_SDK,
    packages: ["@arizeai/openinference-vercel", "ai", "@ai-sdk/otel"],
    advice: "Nothing to do.",
  },
  {
    name: "mastra",
    title: "Mastra",
    runtime: "node",
    app: "mastra",
    scenarios: AGENT,
    packages: ["@mastra/core", "@mastra/otel-exporter"],
    advice: "Nothing to do.",
  },
  {
    name: "openai-agents",
    title: "OpenAI Agents SDK under OpenInference",
    runtime: "node",
    app: "openai-agents",
    scenarios: [...AGENT, "agent-on-openai-calls"],
    packages: ["@openai/agents", "@arizeai/openinference-instrumentation-openai-agents"],
    advice: "Nothing to do.",
  },
  {
    name: "genkit",
    title: "Genkit",
    runtime: "node",
    app: "genkit",
    scenarios: [...AGENT, "gemini-agent"],
    packages: ["genkit", "@genkit-ai/compat-oai", "@genkit-ai/google-genai"],
    advice: "Nothing to do.",
  },
  {
    name: "gemini-cli",
    title: "Gemini CLI",
    runtime: "node",
    app: "gemini-cli",
    scenarios: ["gemini-agent"],
    packages: ["@google/gemini-cli"],
    advice: "Nothing to do.",
  },
  {
    name: "python-lensai",
    title: "LensAI's own instrumentation (Python)",
    runtime: "python",
    app: "python",
    packs: ["adapters/python"],
    scenarios: [...OPENAI, ...ANTHROPIC, ...GEMINI, ...BEDROCK],
    packages: ["lensai", "openai", "anthropic", "google-genai", "boto3"],
    advice:
      "Google's SDK sends asynchronous calls with aiohttp where that is installed, which is not observed yet. A stream that breaks off is marked: its usage is missing, or its output a guess.",
  },
  {
    name: "python-otel-openai",
    title: "OpenTelemetry for OpenAI (Python)",
    runtime: "python",
    app: "python",
    scenarios: OPENAI,
    packages: ["opentelemetry-instrumentation-openai-v2", "openai", "opentelemetry-util-genai"],
    advice:
      "Install `opentelemetry-util-genai<1.2` and `openai<3` with it: with newer ones it fails when it is imported. Responses send no span.",
  },
  {
    name: "python-openinference",
    title: "OpenInference (Python)",
    runtime: "python",
    app: "python",
    scenarios: OPENAI,
    packages: ["openinference-instrumentation-openai", "openai"],
    advice: "Ask for `stream_options.include_usage` in every chat stream.",
  },
  {
    name: "python-openllmetry",
    title: "OpenLLMetry (Python)",
    runtime: "python",
    app: "python",
    scenarios: [...OPENAI, ...ANTHROPIC],
    packages: [
      "opentelemetry-instrumentation-openai",
      "opentelemetry-instrumentation-anthropic",
      "openai",
      "anthropic",
    ],
    advice:
      "Ask for `stream_options.include_usage` in every chat stream. Anthropic's SDK sends the same calls by itself: they are billed once.",
  },
  {
    name: "python-langchain",
    title: "LangChain (Python) with OpenAI's SDK, both under OpenInference",
    runtime: "python",
    app: "python",
    scenarios: LANGCHAIN_ON_OPENAI,
    packages: [
      "openinference-instrumentation-langchain",
      "openinference-instrumentation-openai",
      "langchain-openai",
      "openai",
    ],
    advice: "Nothing to do: the calls that both send are billed once.",
  },
  {
    name: "python-litellm",
    title: "LiteLLM with its own OpenTelemetry callback",
    runtime: "python",
    app: "python",
    scenarios: AGENT,
    packages: ["litellm", "openai"],
    advice:
      "Cached and reasoning tokens are not sent: the cost of a cached prompt is an upper bound. A stream that nobody reads to its end sends no span.",
  },
  {
    name: "python-pydantic-ai",
    title: "Pydantic AI",
    runtime: "python",
    app: "python",
    scenarios: AGENT,
    packages: ["pydantic-ai-slim", "openai"],
    advice: "Nothing to do.",
  },
];
