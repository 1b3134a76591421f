import { isFields, refuse } from "./section-fields.ts";
import type { SectionEntry } from "./section-fields.ts";

/** What budgets and kill-switches can be about, besides their project. */
export const SCOPE_KEYS = [
  "apiKey",
  "environment",
  "feature",
  "model",
  "provider",
  "route",
  "team",
  "tenant",
  "user",
] as const;

export type ScopeKey = (typeof SCOPE_KEYS)[number];

/**
 * The calls that have all of these values; `{}` is every call of the project. A value is exact; a model may
 * end in `*` and means every model that begins so.
 */
export type CallScope = Readonly<Partial<Record<ScopeKey, string>>>;

/** Longer values are not names of anything. */
const SCOPE_VALUE_CHARACTERS_MAX = 256;

export function isScopeKey(name: string): name is ScopeKey {
  return (SCOPE_KEYS as readonly string[]).includes(name);
}

/** An attribute that is not known is refused: a budget on less than it says would stop other calls. */
export function scopeOf({ fields, at }: SectionEntry): CallScope {
  const scope = fields["scope"];
  if (!isFields(scope)) refuse(`${at}.scope is not an object`);
  for (const [name, value] of Object.entries(scope)) {
    if (!isScopeKey(name)) refuse(`${at}.scope has unknown "${name}"`);
    if (typeof value !== "string" || value === "" || value.length > SCOPE_VALUE_CHARACTERS_MAX)
      refuse(`${at}.scope.${name} is not a text of 1 to ${SCOPE_VALUE_CHARACTERS_MAX} characters`);
  }
  return scope;
}
