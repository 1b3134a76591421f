import type { ChargedTenant } from "./server/services/billing/lines.ts";
import type { BillingCustomer } from "./server/services/billing/customers.ts";
import type { TenantSpend } from "./server/lake/load-tenant-spend.ts";

/** A tenant in a month: what it cost, who pays for it, what was charged. */
export interface TenantLine {
  readonly tenant: string;
  /** Undefined: nobody pays for it. */
  readonly customerId: string | undefined;
  readonly calls: number;
  readonly unpricedCalls: number;
  readonly costNanoUsd: bigint;
  /** Of the days that are over and charged; undefined when there is none. */
  readonly charge: ChargedTenant | undefined;
}

/** The dearest first; then those that somebody pays for and that cost nothing. */
export function tenantLines(facts: {
  readonly spend: readonly TenantSpend[];
  readonly customers: readonly BillingCustomer[];
  readonly charged: readonly ChargedTenant[];
}): TenantLine[] {
  const spend = new Map(facts.spend.map((each) => [each.tenant, each]));
  const payers = new Map(facts.customers.map(({ tenant, customerId }) => [tenant, customerId]));
  const charged = new Map(facts.charged.map((each) => [each.tenant, each]));
  const tenants = new Set([...spend.keys(), ...charged.keys(), ...payers.keys()]);
  tenants.delete(undefined);
  const lines = [...(tenants as Set<string>)].map((tenant) => ({
    tenant,
    customerId: payers.get(tenant),
    calls: spend.get(tenant)?.calls ?? 0,
    unpricedCalls: spend.get(tenant)?.unpricedCalls ?? 0,
    costNanoUsd: spend.get(tenant)?.costNanoUsd ?? 0n,
    charge: charged.get(tenant),
  }));
  return lines.sort((a, b) => {
    if (a.costNanoUsd === b.costNanoUsd) return a.tenant < b.tenant ? -1 : 1;
    return a.costNanoUsd > b.costNanoUsd ? -1 : 1;
  });
}

/** How far a charge has come, in words; `isBad` where a person has to do something. */
export function chargeState({ charge }: TenantLine): {
  readonly words: string;
  readonly isBad: boolean;
} {
  if (charge === undefined) return { words: "no day charged yet", isBad: false };
  const { refused = 0, unsure = 0, waiting = 0 } = charge.open;
  if (refused > 0) return { words: "refused by Stripe", isBad: true };
  if (unsure > 0) return { words: "to be compared", isBad: true };
  if (waiting > 0) return { words: "on its way", isBad: false };
  return { words: "with Stripe", isBad: false };
}
