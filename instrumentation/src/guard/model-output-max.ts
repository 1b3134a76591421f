/**
 * The most tokens that models put out in one answer, by the beginning of their names without vendor and path.
 * The longest beginning counts. From the providers' model pages, November 2026: developers.openai.com/api/docs/models,
 * platform.claude.com/docs/en/about-claude/models, ai.google.dev/gemini-api/docs/models, api-docs.deepseek.com.
 */
export const OUTPUT_TOKENS_MAX: readonly (readonly [prefix: string, tokens: number])[] = [
  ["gpt-3.5", 4_096],
  ["gpt-4", 8_192],
  ["gpt-4-turbo", 4_096],
  ["gpt-4o", 16_384],
  ["gpt-4.1", 32_768],
  ["gpt-5", 128_000],
  ["o1", 100_000],
  ["o3", 100_000],
  ["o4", 100_000],
  ["claude-3", 4_096],
  ["claude-3-5", 8_192],
  ["claude-3-7", 128_000],
  ["claude-haiku-4", 64_000],
  ["claude-sonnet-4", 64_000],
  ["claude-opus-4", 128_000],
  ["gemini-1.5", 8_192],
  ["gemini-2.0", 8_192],
  ["gemini-2.5", 65_536],
  ["gemini-3", 65_536],
  ["deepseek-chat", 8_192],
  ["deepseek-reasoner", 65_536],
  ["text-embedding", 0],
];

/** The most of any model: for those that nobody has heard of. */
const UNKNOWN_MODEL_TOKENS = 128_000;
/** gpt-image-1 in high quality, 1,536 x 1,024; later ones have fewer. */
const IMAGE_TOKENS = 6_240;

/** How much an answer of this model is at most, in tokens, when the request does not limit it. */
export function modelOutputTokensMax(model: string | undefined, operation: string): number {
  if (operation === "embeddings") return 0;
  if (operation === "image_generation") return IMAGE_TOKENS;
  const name = (model ?? "")
    .toLowerCase()
    .replace(/^.*[/]/, "")
    .replace(/^(?:[a-z]+\.)+(?=[a-z])/, "");
  let longest = "";
  let tokens = UNKNOWN_MODEL_TOKENS;
  for (const [prefix, max] of OUTPUT_TOKENS_MAX) {
    if (prefix.length < longest.length || !name.startsWith(prefix)) continue;
    longest = prefix;
    tokens = max;
  }
  return tokens;
}
