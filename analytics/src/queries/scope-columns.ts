import type { ScopeKey } from "@lensai/otel-config/control/call-scope";

/** Where a row holds what a scope names. The model is the one asked for: it is known before the call. */
export const SCOPE_COLUMNS: Readonly<Record<ScopeKey, string>> = {
  apiKey: "api_key_id",
  environment: "environment",
  feature: "feature",
  model: "request_model",
  provider: "provider",
  route: "route",
  team: "team",
  tenant: "tenant",
  user: "user_id",
};
