import type { Attribution } from "@lensai/instrumentation/manual/attribution";

/** Keys of a run's metadata, in order of precedence, and the names of tags such as `team:support`. */
const NAMES: Readonly<Record<Exclude<keyof Attribution, "agent">, readonly string[]>> = {
  user: ["user_id", "user"],
  session: ["session_id", "thread_id", "conversation_id", "session"],
  tenant: ["tenant"],
  team: ["team"],
  feature: ["feature"],
  route: ["route"],
};

/** What is longer names nobody. */
const CHARACTERS_MAX = 256;

/** Whom a run is for, as far as the application says so where LangChain lets it: metadata wins over tags. */
export function attributionOf(
  metadata: Readonly<Record<string, unknown>>,
  tags: readonly string[],
): Attribution {
  const found: Record<string, string> = {};
  for (const [key, names] of Object.entries(NAMES)) {
    const value = names.map((name) => textOf(metadata[name])).find((text) => text !== undefined);
    const said = value ?? textOf(tagged(tags, key));
    if (said !== undefined) found[key] = said;
  }
  return found;
}

function tagged(tags: readonly string[], name: string): string | undefined {
  return tags.find((tag) => tag.startsWith(`${name}:`))?.slice(name.length + 1);
}

function textOf(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  const isUsable = typeof value === "string" && value !== "" && value.length <= CHARACTERS_MAX;
  return isUsable ? value : undefined;
}
