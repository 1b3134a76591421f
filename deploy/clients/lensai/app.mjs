import { configure } from "@lensai/instrumentation/configure";
import { runScenario, settings } from "../shared/scenarios.mjs";

const { providerUrl, scenario, isObserved } = settings;
const instrumented = isObserved ? configure({ serviceName: "client-lensai" }) : undefined;

/** By the first word of the scenario. A package is loaded when its own is run: another version needs no other. */
const STEPS = {
  openai: async () => {
    const { default: OpenAI, toFile } = await import("openai");
    const { openAiOptions, openAiStep } = await import("../shared/openai-steps.mjs");
    const client = new OpenAI(openAiOptions(providerUrl));
    if (scenario !== "openai-media") return openAiStep(client);
    const { openAiMediaStep } = await import("../shared/openai-media-steps.mjs");
    return openAiMediaStep(client, toFile);
  },
  azure: async () => {
    const { AzureOpenAI } = await import("openai");
    const { openAiStep } = await import("../shared/openai-steps.mjs");
    const options = { apiKey: "none", apiVersion: "2025-04-01-preview", maxRetries: 1 };
    return openAiStep(new AzureOpenAI({ ...options, endpoint: providerUrl }));
  },
  groq: async () => {
    const { default: Groq } = await import("groq-sdk");
    const { openAiStep } = await import("../shared/openai-steps.mjs");
    return openAiStep(new Groq({ apiKey: "none", baseURL: providerUrl, maxRetries: 1 }));
  },
  anthropic: async () => {
    const { default: Anthropic } = await import("@anthropic-ai/sdk");
    const { anthropicOptions, anthropicStep } = await import("../shared/anthropic-steps.mjs");
    return anthropicStep(new Anthropic(anthropicOptions(providerUrl)));
  },
  gemini: async () => {
    const { geminiStep } = await import("../shared/gemini-steps.mjs");
    return geminiStep(await import("@google/genai"), providerUrl);
  },
  bedrock: async () => {
    const bedrock = await import("@aws-sdk/client-bedrock-runtime");
    // By default it speaks HTTP/2, which the fake provider does not.
    const { NodeHttpHandler } = await import("@smithy/node-http-handler");
    const { bedrockStep } = await import("../shared/bedrock-steps.mjs");
    const { bedrockFamilyStep } = await import("../shared/bedrock-family-steps.mjs");
    const make = scenario === "bedrock-families" ? bedrockFamilyStep : bedrockStep;
    return make(bedrock, new NodeHttpHandler(), providerUrl);
  },
  cohere: async () => {
    const { cohereStep } = await import("../shared/cohere-steps.mjs");
    return cohereStep(await import("cohere-ai"), providerUrl);
  },
  mistral: async () => {
    const { mistralStep } = await import("../shared/mistral-steps.mjs");
    return mistralStep(await import("@mistralai/mistralai"), providerUrl);
  },
  ollama: async () => {
    const { ollamaStep } = await import("../shared/ollama-steps.mjs");
    return ollamaStep(await import("ollama"), providerUrl);
  },
  ai: async () => {
    const { createAnthropic } = await import("@ai-sdk/anthropic");
    const { createOpenAI } = await import("@ai-sdk/openai");
    const { aiSdkStep } = await import("../shared/ai-sdk-steps.mjs");
    const url = `${providerUrl}/v1`;
    const providers = {
      openai: createOpenAI({ apiKey: "sk-none", baseURL: url }),
      anthropic: createAnthropic({ apiKey: "sk-ant-none", baseURL: url }),
    };
    return aiSdkStep(await import("ai"), providers, {});
  },
};

await runScenario(await STEPS[scenario.split("-", 1)[0]]());
await instrumented?.shutdown();
