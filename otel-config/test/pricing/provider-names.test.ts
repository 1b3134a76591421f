import { describe, expect, it } from "vitest";
import { canonicalProvider } from "../../src/pricing/provider-names.ts";

/** Values of gen_ai.provider.name in the OpenTelemetry GenAI conventions. */
const CANONICAL = [
  "openai",
  "azure.ai.openai",
  "azure.ai.inference",
  "anthropic",
  "aws.bedrock",
  "gcp.gen_ai",
  "gcp.vertex_ai",
  "gcp.gemini",
  "cohere",
  "mistral_ai",
  "deepseek",
  "groq",
  "perplexity",
  "x_ai",
  "ibm.watsonx.ai",
  "moonshot_ai",
];

describe("canonicalProvider", () => {
  it.each(CANONICAL)("keeps %s, in any case and when applied again", (name) => {
    expect(canonicalProvider(name)).toBe(name);
    expect(canonicalProvider(` ${name.toUpperCase()} `)).toBe(name);
    expect(canonicalProvider(`${name}.chat`)).toBe(name);
  });

  it.each([
    // older values of the conventions
    ["vertex_ai", "gcp.vertex_ai"],
    ["gemini", "gcp.gemini"],
    ["az.ai.inference", "azure.ai.inference"],
    ["az.ai.openai", "azure.ai.openai"],
    ["xai", "x_ai"],
    // OpenLLMetry before 0.5
    ["Anthropic", "anthropic"],
    ["Azure", "azure.ai.openai"],
    ["Google", "gcp.gemini"],
    ["MistralAI", "mistral_ai"],
    // Vercel AI SDK
    ["openai.responses", "openai"],
    ["anthropic.messages", "anthropic"],
    ["google.generative-ai", "gcp.gemini"],
    ["google.vertex.chat", "gcp.vertex_ai"],
    ["vertex.anthropic.messages", "gcp.vertex_ai"],
    ["amazon-bedrock", "aws.bedrock"],
    ["azure-openai.chat", "azure.ai.openai"],
    ["xai.chat", "x_ai"],
    // LiteLLM
    ["azure", "azure.ai.openai"],
    ["azure_ai", "azure.ai.inference"],
    // LangChain4j
    ["AZURE_OPEN_AI", "azure.ai.openai"],
    ["google_vertex_ai_gemini", "gcp.vertex_ai"],
    ["google_ai_gemini", "gcp.gemini"],
    ["az.ai.agents", "azure.ai.inference"],
    ["bedrock", "aws.bedrock"],
    // OpenInference
    ["aws", "aws.bedrock"],
    ["vertexai", "gcp.vertex_ai"],
    ["mistralai", "mistral_ai"],
  ])("reads %s as %s", (raw, canonical) => {
    expect(canonicalProvider(raw)).toBe(canonical);
  });

  it("keeps an unknown provider, lower-cased and without the API suffix", () => {
    expect(canonicalProvider("OpenRouter")).toBe("openrouter");
    expect(canonicalProvider("acme.llm")).toBe("acme.llm");
    expect(canonicalProvider("fireworks.chat")).toBe("fireworks");
    expect(canonicalProvider("")).toBe("");
    expect(canonicalProvider("constructor")).toBe("constructor");
  });
});
