import type { Emitter } from "./span.ts";

/** A model as its provider behaves: name on the wire, speed, how long answers are. */
export interface Model {
  /** `gen_ai.provider.name`. */
  readonly provider: string;
  readonly requestModel: string;
  readonly responseModel: string;
  /** Median seconds to the first chunk. */
  readonly firstChunkSeconds: number;
  readonly tokensPerSecond: number;
  /** Share of output tokens spent on reasoning. */
  readonly reasoningShare: number;
  /** Providers that bill writing into their prompt cache report it. */
  readonly reportsCacheWrites: boolean;
  readonly responseIdPrefix: string;
}

const model = (
  provider: string,
  name: string,
  traits: Partial<Omit<Model, "provider" | "requestModel">> = {},
): Model => ({
  provider,
  requestModel: name,
  responseModel: name,
  firstChunkSeconds: 0.6,
  tokensPerSecond: 80,
  reasoningShare: 0,
  reportsCacheWrites: false,
  responseIdPrefix: "chatcmpl-",
  ...traits,
});

const anthropic = (name: string, traits: Partial<Model> = {}): Model =>
  model("anthropic", name, { responseIdPrefix: "msg_", reportsCacheWrites: true, ...traits });

export const GPT_4O_MINI = model("openai", "gpt-4o-mini", {
  responseModel: "gpt-4o-mini-2024-07-18",
  firstChunkSeconds: 0.4,
  tokensPerSecond: 95,
});
export const GPT_5 = model("openai", "gpt-5", {
  responseModel: "gpt-5-2025-08-07",
  firstChunkSeconds: 2.4,
  tokensPerSecond: 70,
  reasoningShare: 0.55,
});
export const GPT_5_MINI = model("openai", "gpt-5-mini", {
  responseModel: "gpt-5-mini-2025-08-07",
  firstChunkSeconds: 1.2,
  tokensPerSecond: 110,
  reasoningShare: 0.4,
});
export const GPT_4_1 = model("openai", "gpt-4.1", { responseModel: "gpt-4.1-2025-04-14" });
export const SONNET = anthropic("claude-sonnet-4-5", {
  responseModel: "claude-sonnet-4-5-20250929",
  firstChunkSeconds: 1.1,
  tokensPerSecond: 65,
});
export const OPUS = anthropic("claude-opus-4-5", {
  responseModel: "claude-opus-4-5-20251101",
  firstChunkSeconds: 1.8,
  tokensPerSecond: 45,
});
export const HAIKU = anthropic("claude-haiku-4-5", {
  responseModel: "claude-haiku-4-5-20251001",
  firstChunkSeconds: 0.5,
  tokensPerSecond: 140,
});
export const GEMINI_FLASH = model("gcp.gemini", "gemini-2.5-flash", {
  firstChunkSeconds: 0.5,
  tokensPerSecond: 180,
  reasoningShare: 0.2,
  responseIdPrefix: "",
});
export const GEMINI_PRO = model("gcp.gemini", "gemini-2.5-pro", {
  firstChunkSeconds: 2.8,
  tokensPerSecond: 90,
  reasoningShare: 0.5,
  responseIdPrefix: "",
});
export const MISTRAL_SMALL = model("mistral_ai", "mistral-small-latest", {
  firstChunkSeconds: 0.3,
  tokensPerSecond: 150,
  responseIdPrefix: "",
});
export const LLAMA_GROQ = model("groq", "llama-3.3-70b-versatile", {
  firstChunkSeconds: 0.2,
  tokensPerSecond: 280,
});
/** A fine-tuned model of one's own: no price book knows it, so its cost is shown as unknown. */
export const OWN_MODEL = model("openai", "ft:acme-intent-classifier:v7", {
  firstChunkSeconds: 0.15,
  tokensPerSecond: 200,
});
export const EMBEDDING_SMALL = model("openai", "text-embedding-3-small");
export const EMBEDDING_LARGE = model("openai", "text-embedding-3-large");

/** Instrumentations in use, from one that predates `gen_ai.provider.name` to a current one. */
export const OTEL_OPENAI: Emitter = {
  scopeName: "@opentelemetry/instrumentation-openai",
  scopeVersion: "0.22.0",
  generation: 1,
};
export const OTEL_GENAI_2: Emitter = {
  scopeName: "opentelemetry.instrumentation.anthropic",
  scopeVersion: "0.53.1",
  generation: 2,
};
export const OTEL_GENAI_3: Emitter = {
  scopeName: "opentelemetry.util.genai",
  scopeVersion: "0.4b0",
  generation: 3,
};
