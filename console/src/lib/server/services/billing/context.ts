import type { OpenStripe } from "../../billing/stripe.ts";
import type { SecretBox } from "../../secrets/secret-box.ts";
import type { ServiceContext } from "../context.ts";

/** Services of billing also seal the key of the Stripe account, and ask Stripe. */
export interface BillingContext extends ServiceContext {
  readonly secrets: SecretBox;
  readonly openStripe: OpenStripe;
}
