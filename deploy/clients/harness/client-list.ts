/** The clients that the harness drives: data, one entry per set of packages. */

export interface Client {
  readonly name: string;
  readonly runtime: "node" | "python";
  /** Folder of the program; several sets of packages can share one. */
  readonly app: string;
  readonly scenarios: readonly string[];
  /** The packages whose versions a verdict is about. */
  readonly packages: readonly string[];
}

const OPENAI = ["openai-calls", "openai-streams"];
const ANTHROPIC = ["anthropic-calls", "anthropic-streams"];
const GEMINI = ["gemini-calls", "gemini-streams"];
const LANGCHAIN = ["langchain-calls", "langchain-streams"];
const LANGCHAIN_ON_OPENAI = ["langchain-on-openai-calls", "langchain-on-openai-streams"];
const BEDROCK = ["bedrock-calls", "bedrock-streams", "bedrock-invoke"];
const AI_SDK = ["ai-openai-calls", "ai-openai-streams", "ai-anthropic"];

const nodeClient = (
  name: string,
  scenarios: readonly string[],
  packages: readonly string[],
): Client => ({ name, runtime: "node", app: name, scenarios, packages });

const pythonClient = (
  name: string,
  scenarios: readonly string[],
  packages: readonly string[],
): Client => ({ name, runtime: "python", app: "python", scenarios, packages });

export const CLIENTS: readonly Client[] = [
  nodeClient("otel-openai", OPENAI, ["@opentelemetry/instrumentation-openai", "openai"]),
  {
    ...nodeClient("otel-openai-newest", OPENAI, [
      "@opentelemetry/instrumentation-openai",
      "openai",
    ]),
    app: "otel-openai",
  },
  nodeClient("otel-bedrock", BEDROCK, [
    "@opentelemetry/instrumentation-aws-sdk",
    "@aws-sdk/client-bedrock-runtime",
  ]),
  nodeClient("anthropic-sdk", ANTHROPIC, ["@anthropic-ai/sdk"]),
  nodeClient(
    "openllmetry",
    [...OPENAI, ...ANTHROPIC, ...GEMINI, ...LANGCHAIN_ON_OPENAI],
    ["@traceloop/node-server-sdk", "openai", "@anthropic-ai/sdk", "@google/genai"],
  ),
  nodeClient(
    "openinference",
    [...OPENAI, ...ANTHROPIC, ...LANGCHAIN, ...LANGCHAIN_ON_OPENAI],
    [
      "@arizeai/openinference-instrumentation-openai",
      "@arizeai/openinference-instrumentation-anthropic",
      "@arizeai/openinference-instrumentation-langchain",
      "openai",
      "@anthropic-ai/sdk",
      "@langchain/openai",
    ],
  ),
  nodeClient("openlit", [...OPENAI, ...ANTHROPIC], ["openlit", "openai", "@anthropic-ai/sdk"]),
  nodeClient("langfuse", OPENAI, ["@langfuse/openai", "@langfuse/otel", "openai"]),
  nodeClient("langsmith", [...OPENAI, ...LANGCHAIN], ["langsmith", "openai", "@langchain/openai"]),
  { ...nodeClient("vercel-ai5", AI_SDK, ["ai", "@ai-sdk/openai"]), app: "vercel-ai" },
  { ...nodeClient("vercel-ai6", AI_SDK, ["ai", "@ai-sdk/openai"]), app: "vercel-ai" },
  {
    ...nodeClient("vercel-ai7", [...AI_SDK, "ai-with-legacy-spans"], ["ai", "@ai-sdk/otel"]),
    app: "vercel-ai",
  },
  pythonClient("python-otel-openai", OPENAI, ["opentelemetry-instrumentation-openai-v2", "openai"]),
  pythonClient("python-openinference", OPENAI, ["openinference-instrumentation-openai", "openai"]),
  pythonClient(
    "python-openllmetry",
    [...OPENAI, ...ANTHROPIC],
    [
      "opentelemetry-instrumentation-openai",
      "opentelemetry-instrumentation-anthropic",
      "openai",
      "anthropic",
    ],
  ),
];
