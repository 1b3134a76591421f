import type { CallDimension } from "@lensai/analytics/queries/call-dimensions";

/** How pages name what calls are told apart by. */
export interface DimensionWords {
  readonly label: string;
  readonly plural: string;
  /** The calls that have no value there. */
  readonly unnamed: string;
}

/** In the order in which a list offers them. */
export const DIMENSION_WORDS: Readonly<Record<CallDimension, DimensionWords>> = {
  model: { label: "Model", plural: "models", unnamed: "no model named" },
  provider: { label: "Provider", plural: "providers", unnamed: "no provider named" },
  user: { label: "User", plural: "users", unnamed: "calls without a user" },
  team: { label: "Team", plural: "teams", unnamed: "calls without a team" },
  tenant: { label: "Tenant", plural: "tenants", unnamed: "calls without a tenant" },
  feature: { label: "Feature", plural: "features", unnamed: "calls without a feature" },
  route: { label: "Route", plural: "routes", unnamed: "calls without a route" },
  session: { label: "Session", plural: "sessions", unnamed: "calls without a session" },
  agent: { label: "Agent", plural: "agents", unnamed: "calls without an agent" },
  promptName: { label: "Prompt", plural: "prompts", unnamed: "calls without a named prompt" },
  operation: { label: "Operation", plural: "operations", unnamed: "no operation named" },
  service: { label: "Service", plural: "services", unnamed: "no service named" },
  environment: { label: "Environment", plural: "environments", unnamed: "no environment named" },
  serviceTier: {
    label: "Service tier",
    plural: "service tiers",
    unnamed: "no service tier named",
  },
  apiKey: { label: "API key", plural: "API keys", unnamed: "calls without a key" },
};

export const DIMENSIONS = Object.keys(DIMENSION_WORDS) as readonly CallDimension[];
