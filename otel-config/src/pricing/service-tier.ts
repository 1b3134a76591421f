/** The tier whose prices a list quotes when it names none. */
export const STANDARD_TIER = "standard";

/**
 * What providers call the standard tier, or send when the caller left the choice to them. OpenAI: auto,
 * default; Anthropic: auto, standard, standard_only; Groq: on_demand; Bedrock: default; Vertex AI: on_demand.
 * "auto" is only seen where no response says which tier served the call.
 */
export const STANDARD_SPELLINGS: ReadonlySet<string> = new Set([
  "",
  "auto",
  "default",
  "on-demand",
  "on_demand",
  "standard",
  "standard_only",
]);

/**
 * The tier by its name in price layers: lower-case, STANDARD_TIER for everything that means it. A name that
 * nobody has heard of stays what it is, and has no price until a layer gives it one.
 */
export function canonicalServiceTier(raw: string | undefined): string {
  const name = raw?.trim().toLowerCase() ?? "";
  return STANDARD_SPELLINGS.has(name) ? STANDARD_TIER : name;
}
