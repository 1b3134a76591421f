/** The versions of SDKs that our own instrumentation is held to, each with the scenarios of its API. */

export interface VersionSet {
  readonly name: string;
  /** What npm is asked for; the first is the one that the verdict is about. */
  readonly packages: readonly string[];
  readonly scenarios: readonly string[];
}

const OPENAI = [
  "openai-calls",
  "openai-streams",
  "openai-choices",
  "openai-media",
  "openai-deferred",
  "azure-calls",
] as const;
const ANTHROPIC = [
  "anthropic-calls",
  "anthropic-streams",
  "anthropic-tools",
  "anthropic-deferred",
] as const;
const GEMINI = [
  "gemini-calls",
  "gemini-streams",
  "gemini-embeddings",
  "gemini-grounded",
  "gemini-interactions",
] as const;
const BEDROCK = ["bedrock-calls", "bedrock-streams", "bedrock-invoke", "bedrock-families"] as const;
const AI_SDK = ["ai-openai-calls", "ai-openai-streams", "ai-anthropic"] as const;

/** Version 4 of the AI SDK goes with version 1 of its providers, and so on. */
const aiSdk = (major: number): VersionSet => ({
  name: `ai-${major}`,
  packages: [
    `ai@${major}`,
    ...["openai", "anthropic"].map((name) => `@ai-sdk/${name}@${major - 3}`),
  ],
  scenarios: AI_SDK,
});

/** `version`: its newest release, of a major version or of a line below that. */
const one = (name: string, version: number | string, scenarios: readonly string[]): VersionSet => ({
  name: `${name.replaceAll(/\W+/g, "-").replace(/^-/, "")}-${version}`,
  packages: [`${name}@${version}`, "zod"],
  scenarios,
});

export const VERSION_SETS: readonly VersionSet[] = [
  ...[4, 5, 6, 7].map((major) => one("openai", major, OPENAI)),
  ...[0, 1].map((major) => one("@anthropic-ai/sdk", major, ANTHROPIC)),
  ...[1, 2, 3].map((major) => one("@google/genai", major, GEMINI)),
  ...[4, 5, 6, 7].map((major) => aiSdk(major)),
  ...[0, 1].map((major) => one("groq-sdk", major, ["groq-calls"])),
  ...[7, 8].map((major) => one("cohere-ai", major, ["cohere-calls", "cohere-streams"])),
  ...[1, 2].map((major) =>
    one("@mistralai/mistralai", major, ["mistral-calls", "mistral-streams"]),
  ),
  // One major version for years; before these, it knows no prompt caching.
  ...["3.893", "3"].map((version) => one("@aws-sdk/client-bedrock-runtime", version, BEDROCK)),
  one("ollama", 0, ["ollama-calls", "ollama-streams"]),
];
