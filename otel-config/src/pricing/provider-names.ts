/**
 * Spellings of gen_ai.provider.name (and of gen_ai.system before it), by the canonical value of the
 * OpenTelemetry GenAI conventions. The older ones are in the conventions' changelog (vertex_ai and gemini
 * until 1.33, az.ai.* until 1.35, xai until 1.37); the others are what instrumentation libraries, gateways
 * and model SDKs send. All lower-case.
 */
const SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  openai: ["open_ai", "open-ai"],
  "azure.ai.openai": [
    "azure",
    "az.ai.openai",
    "azure_openai",
    "azure-openai",
    "azureopenai",
    "azure_open_ai",
    "azure.openai",
  ],
  "azure.ai.inference": [
    "az.ai.inference",
    "azure_ai",
    "azure-ai",
    "azure_ai_inference",
    "azure-ai-inference",
    // What its SDKs call the agents that it runs.
    "az.ai.agents",
    "azure.ai.agents",
    "microsoft.foundry",
    "microsoft_foundry",
  ],
  anthropic: ["claude"],
  "aws.bedrock": [
    "aws",
    "bedrock",
    "bedrock_converse",
    "aws_bedrock",
    "aws-bedrock",
    "amazon_bedrock",
    "amazon-bedrock",
    "amazon bedrock",
  ],
  "gcp.gen_ai": ["google_gen_ai", "google-gen-ai"],
  "gcp.vertex_ai": [
    "vertex",
    "vertex_ai",
    "vertex-ai",
    "vertexai",
    "google.vertex",
    "google-vertex",
    "google_vertexai",
    "google_vertex_ai",
    "google-vertex-ai",
    "vertex.anthropic",
    "gcp.vertex.agent",
    "google-vertex-anthropic",
    "google_vertex_ai_gemini",
    "google_vertex_ai_anthropic",
  ],
  "gcp.gemini": [
    "google",
    "gemini",
    "googleai",
    "google_genai",
    "google-genai",
    "google_generativeai",
    "google.generative-ai",
    "google-gla",
    "google_ai_gemini",
  ],
  cohere: ["cohere_chat"],
  mistral_ai: ["mistral", "mistralai", "mistral-ai"],
  deepseek: ["deep_seek", "deepseek-ai"],
  groq: [],
  perplexity: ["perplexity_ai", "perplexity-ai", "perplexityai"],
  x_ai: ["xai", "x-ai", "x.ai"],
  "ibm.watsonx.ai": ["watsonx", "ibm", "ibm_watsonx", "ibm-watsonx"],
  moonshot_ai: ["moonshot", "moonshotai", "moonshot-ai"],
};

/** The part after the last dot that names an API of the provider (Vercel AI SDK: "openai.chat"). */
const API_SUFFIX =
  /\.(?:chat|messages|responses|completions?|embeddings?|text-embedding|images?|speech|transcription|reranking)$/;

const canonicalBySpelling = new Map(
  Object.entries(SPELLINGS).flatMap(([canonical, spellings]) =>
    [canonical, ...spellings].map((spelling) => [spelling, canonical] as const),
  ),
);

/**
 * The canonical provider name for any known spelling: "Azure" and "az.ai.openai" are "azure.ai.openai",
 * "openai.chat" is "openai". Letter case and an API suffix do not matter. An unknown provider keeps its
 * name, lower-cased.
 */
export function canonicalProvider(raw: string): string {
  const name = raw.trim().toLowerCase();
  const bare = name.replace(API_SUFFIX, "");
  return canonicalBySpelling.get(name) ?? canonicalBySpelling.get(bare) ?? bare;
}
