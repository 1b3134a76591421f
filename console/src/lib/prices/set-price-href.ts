import { canonicalServiceTier } from "@lensai/otel-config/pricing/service-tier";

interface Unpriced {
  readonly provider: string;
  readonly model: string;
  readonly serviceTier: string | undefined;
}

/** Leads to the form that gives a model a price, with the model in it. */
export function setPriceHref(
  projectId: string,
  { provider, model, serviceTier }: Unpriced,
): string {
  const asked = { provider, model, serviceTier: canonicalServiceTier(serviceTier) };
  return `/projects/${projectId}/prices?${new URLSearchParams(asked)}#set`;
}
