/** Scenarios of `shared/steps.json` that belong together. */

export const OPENAI = ["openai-calls", "openai-streams"];
export const ANTHROPIC = ["anthropic-calls", "anthropic-streams"];
export const GEMINI = ["gemini-calls", "gemini-streams", "gemini-grounded"];
/** Vertex AI by its first SDK, and by Google's newer one. */
export const VERTEX = ["vertexai-calls", "vertexai-streams", "google-vertex"];
export const LANGCHAIN = ["langchain-calls", "langchain-streams"];
export const LANGCHAIN_ON_OPENAI = ["langchain-on-openai-calls", "langchain-on-openai-streams"];
/** LangChain's models of other providers. */
export const LANGCHAIN_OTHERS = ["langchain-anthropic", "langchain-gemini"];
export const BEDROCK = ["bedrock-calls", "bedrock-streams", "bedrock-invoke"];
export const AGENT = ["agent-calls", "agent-streams"];
export const AI_SDK = ["ai-openai-calls", "ai-openai-streams", "ai-anthropic"];
export const GEMINI_AGENT = ["gemini-agent-calls", "gemini-agent-streams", "gemini-grounded"];
/** Of frameworks that can ask several providers, the others. */
export const OTHER_MODELS = ["anthropic-agent", "gemini-agent-mixed"];
export const COHERE = ["cohere-calls", "cohere-streams"];
export const GROQ = ["groq-calls"];
export const MISTRAL = ["mistral-calls", "mistral-streams"];
export const OLLAMA = ["ollama-calls", "ollama-streams"];
export const TOGETHER = ["together-calls", "together-streams"];
export const PROVIDERS = [...COHERE, ...GROQ, ...MISTRAL, ...OLLAMA, ...TOGETHER];
