import { and, eq } from "drizzle-orm";
import type { Database } from "../../db/client.ts";
import { billingCustomers, billingLines, billingMeterEvents } from "../../db/schema/billing.ts";
import { appendAudit, lockAuditLog } from "../audit/append.ts";
import type { ServiceContext } from "../context.ts";
import { listOrder, WHOLE_LIST, type ListPart } from "../list-order.ts";
import type { Transaction } from "../snapshot/raise-version.ts";

export interface BillingCustomer {
  readonly tenant: string;
  /** In Stripe. */
  readonly customerId: string;
  readonly createdAt: Date;
}

export interface CustomerInput {
  readonly projectId: string;
  readonly tenant: string;
  readonly customerId: string;
}

/** By tenant. */
export const CUSTOMER_ORDER = listOrder<BillingCustomer>({
  kind: "text",
  by: billingCustomers.tenant,
  of: ({ tenant }) => tenant,
});

/** In `CUSTOMER_ORDER`. */
export async function listBillingCustomers(
  db: Database,
  projectId: string,
  { limit, after }: ListPart = WHOLE_LIST,
): Promise<BillingCustomer[]> {
  return await db
    .select({
      tenant: billingCustomers.tenant,
      customerId: billingCustomers.customerId,
      createdAt: billingCustomers.createdAt,
    })
    .from(billingCustomers)
    .where(and(eq(billingCustomers.projectId, projectId), CUSTOMER_ORDER.isBehind(after)))
    .orderBy(...CUSTOMER_ORDER.orderBy)
    .limit(limit);
}

/**
 * Says who pays for a tenant from now on. What was charged to another customer stays there; what Stripe refused, often
 * because there was no such customer, goes to this one.
 */
export async function setBillingCustomer(
  context: ServiceContext,
  input: CustomerInput,
  actor: string,
): Promise<void> {
  const { projectId, tenant, customerId } = input;
  const now = context.now();
  await context.db.transaction(async (transaction) => {
    await lockAuditLog(transaction);
    const before = await currentCustomer(transaction, input);
    await transaction
      .insert(billingCustomers)
      .values({ projectId, tenant, customerId, createdAt: now })
      .onConflictDoUpdate({
        target: [billingCustomers.projectId, billingCustomers.tenant],
        set: { customerId },
      });
    await redirectRefused(transaction, input, now);
    if (before === customerId) return;
    await appendAudit(transaction, {
      at: now,
      actor,
      action: "billing_customer.set",
      projectId,
      subjectId: tenant,
      before: before === undefined ? undefined : { customerId: before },
      after: { customerId },
    });
  });
}

/** Nobody pays for the tenant's days from now on. False when nobody did. */
export async function removeBillingCustomer(
  context: ServiceContext,
  { projectId, tenant }: Omit<CustomerInput, "customerId">,
  actor: string,
): Promise<boolean> {
  const now = context.now();
  return await context.db.transaction(async (transaction) => {
    const [removed] = await transaction
      .delete(billingCustomers)
      .where(isTenant(billingCustomers, { projectId, tenant }))
      .returning({ customerId: billingCustomers.customerId });
    if (removed === undefined) return false;
    await appendAudit(transaction, {
      at: now,
      actor,
      action: "billing_customer.remove",
      projectId,
      subjectId: tenant,
      before: removed,
    });
    return true;
  });
}

type TenantTable = typeof billingCustomers | typeof billingLines | typeof billingMeterEvents;

const isTenant = (table: TenantTable, { projectId, tenant }: Omit<CustomerInput, "customerId">) =>
  and(eq(table.projectId, projectId), eq(table.tenant, tenant));

async function currentCustomer(
  transaction: Transaction,
  input: CustomerInput,
): Promise<string | undefined> {
  const [row] = await transaction
    .select({ customerId: billingCustomers.customerId })
    .from(billingCustomers)
    .where(isTenant(billingCustomers, input));
  return row?.customerId;
}

async function redirectRefused(
  transaction: Transaction,
  input: CustomerInput,
  now: Date,
): Promise<void> {
  const { projectId, tenant, customerId } = input;
  const redirected = await transaction
    .update(billingMeterEvents)
    .set({ state: "waiting", customerId, firstAttemptAt: null, nextAttemptAt: now, problem: null })
    .where(and(isTenant(billingMeterEvents, input), eq(billingMeterEvents.state, "refused")))
    .returning({ day: billingMeterEvents.day });
  for (const { day } of redirected) {
    await transaction
      .update(billingLines)
      .set({ customerId })
      .where(and(isTenant(billingLines, { projectId, tenant }), eq(billingLines.day, day)));
  }
}
