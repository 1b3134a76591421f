import { LensError } from "@lensai/otel-config/errors";
import { eq } from "drizzle-orm";
import type { StripeAccount } from "../../billing/stripe.ts";
import { billingSetups } from "../../db/schema/billing.ts";
import type { BillingContext } from "./context.ts";
import { openAccount, type BillingSetupRow } from "./setup.ts";

/**
 * Refuses a customer that the project's Stripe account does not have, with LensError `stripe.refused`: Stripe takes usage of
 * unknown customers, and tells later, if anybody listens, that it is on no invoice. Lets pass what cannot be told,
 * as when the key may not read customers or Stripe is away.
 */
export async function checkCustomer(
  context: BillingContext,
  { projectId, customerId }: { readonly projectId: string; readonly customerId: string },
): Promise<void> {
  const [setup] = await context.db
    .select()
    .from(billingSetups)
    .where(eq(billingSetups.projectId, projectId));
  if (setup === undefined) return;
  const isThere = await accountOf(context, setup)?.hasCustomer(customerId);
  if (isThere === false)
    throw new LensError(
      "stripe.refused",
      `the Stripe account has no customer ${customerId}: look for the id that begins with cus_ on the customer's page in Stripe, in the same mode (test or live) as the key`,
    );
}

/** Undefined when the key cannot be opened, which the page of billing tells by itself. */
function accountOf(context: BillingContext, setup: BillingSetupRow): StripeAccount | undefined {
  try {
    return openAccount(context, setup);
  } catch (error) {
    if (error instanceof LensError) return undefined;
    throw error;
  }
}
