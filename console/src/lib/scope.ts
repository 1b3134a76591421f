import {
  isScopeKey,
  SCOPE_KEYS,
  type CallScope,
  type ScopeKey,
} from "@lensai/otel-config/control/call-scope";

/** How people read the keys of a scope, in the order in which they are asked for. */
export const SCOPE_LABELS: Readonly<Record<ScopeKey, string>> = {
  provider: "Provider",
  model: "Model",
  team: "Team",
  user: "User",
  feature: "Feature",
  route: "Route",
  tenant: "Tenant",
  environment: "Environment",
  apiKey: "API key",
};

/** Fields that are empty say nothing; names that are no keys are none of ours. */
export function scopeFromFields(fields: Iterable<readonly [string, unknown]>): CallScope {
  const given = [...fields].flatMap(([name, value]) => {
    const text = typeof value === "string" ? value.trim() : "";
    return isScopeKey(name) && text !== "" ? [[name, text] as const] : [];
  });
  return Object.fromEntries(given);
}

/** `[["Team", "support"], ...]`, always in the same order; empty for all calls of the project. */
export function scopeParts(scope: CallScope): readonly (readonly [string, string])[] {
  return (Object.keys(SCOPE_LABELS) as ScopeKey[]).flatMap((key) => {
    const value = scope[key];
    return value === undefined ? [] : [[SCOPE_LABELS[key], value] as const];
  });
}

/** The same scope twice would only be confusing. */
export function isSameScope(one: CallScope, other: CallScope): boolean {
  return SCOPE_KEYS.every((key) => one[key] === other[key]);
}
