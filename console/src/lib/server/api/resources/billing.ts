import { LensError } from "@lensai/otel-config/errors";
import { z } from "zod";
import { daysOfMonth } from "../../billing/billing-days.ts";
import { checkCustomer } from "../../services/billing/check-customer.ts";
import type { BillingContext } from "../../services/billing/context.ts";
import {
  CUSTOMER_ORDER,
  listBillingCustomers,
  removeBillingCustomer,
  setBillingCustomer,
} from "../../services/billing/customers.ts";
import {
  chargedDays,
  chargedTenants,
  signedStatement,
  type ChargedTenant,
} from "../../services/billing/lines.ts";
import {
  createBillingSchema,
  customerIdSchema,
  monthSchema,
  tenantSchema,
  updateBillingSchema,
} from "../../services/billing/schemas.ts";
import {
  createBilling,
  findBillingSetup,
  updateBilling,
  type BillingSetup,
} from "../../services/billing/setup.ts";
import { notFound, versionConflict } from "../api-errors.ts";
import { pageOf, pageOfRanking, pageQuery, readPage } from "../paging.ts";
import { defineRoute, type ApiRequest, type ApiRoute } from "../route.ts";
import { countSchema, countTextSchema, idParam, nanoUsdSchema, timeSchema } from "../schemas.ts";

const setupSchema = z
  .strictObject({
    keyHint: z.string().describe("The kind of the key, and its end."),
    eventName: z.string(),
    meterId: z.string(),
    priceId: z.string().describe("Subscriptions of customers need it: a micro-USD each."),
    markupBasisPoints: z.int().describe("Of days that are not charged yet. 100 are 1 %."),
    startsOn: z.string(),
    isPaused: z.boolean(),
    createdAt: timeSchema,
    problem: z.string().nullable().describe("Why charges do not reach Stripe at the moment."),
    version: z.int(),
  })
  .meta({ id: "BillingSetup" });

const customerSchema = z
  .strictObject({ tenant: z.string(), customerId: z.string(), createdAt: timeSchema })
  .meta({ id: "BillingCustomer" });

const amounts = {
  calls: countSchema,
  unpricedCalls: countSchema.describe("Their price is unknown: nothing is charged for them."),
  costNanoUsd: nanoUsdSchema,
  estimatedNanoUsd: nanoUsdSchema.describe(
    "The part of the cost whose token counts are estimates.",
  ),
  amountNanoUsd: nanoUsdSchema.describe("With the markup."),
};

const chargeSchema = z
  .strictObject({
    tenant: z.string(),
    customerId: z.string(),
    days: countSchema,
    ...amounts,
    sentMicroUsd: countTextSchema.describe("What Stripe has of it, in millionths of a US dollar."),
    waiting: countSchema.describe("Meter events on their way."),
    refused: countSchema.describe("Those that Stripe refuses: set the customer again."),
    unsure: countSchema.describe("Those that may have arrived: compare them in Stripe."),
    problem: z.string().nullable(),
  })
  .meta({ id: "BillingCharge" });

const daySchema = z
  .strictObject({
    day: z.string(),
    ...amounts,
    markupBasisPoints: z.int(),
    meteredMicroUsd: countTextSchema,
    meterEvents: z.array(
      z.strictObject({
        identifier: z.string(),
        customerId: z.string(),
        valueMicroUsd: countTextSchema,
        sentAt: timeSchema.nullable(),
      }),
    ),
  })
  .meta({ id: "BillingDay" });

const tenantParams = z.strictObject({ tenant: idParam("The tenant, as calls name it.") });
const monthQuery = { month: monthSchema.describe("In UTC: `2026-11`.") };
const statementQuery = z.strictObject({ ...monthQuery, tenant: tenantSchema });

export const billingRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/billing",
    operationId: "getBilling",
    tag: "Billing",
    summary: "How the project charges its customers, without the key.",
    permission: "billing.manage",
    success: { status: 200, description: "The set-up.", schema: setupSchema },
    handle: async (request) => {
      const setup = await foundSetup(request);
      return { body: setup, version: setup.version };
    },
  }),
  defineRoute({
    method: "POST",
    path: "/projects/{projectId}/billing",
    operationId: "createBilling",
    tag: "Billing",
    summary: "Begins to charge: finds or creates the meter and its price in the Stripe account.",
    permission: "billing.manage",
    body: createBillingSchema,
    errors: ["api.conflict", "stripe.failed", "stripe.refused"],
    success: { status: 201, description: "Days that are over are charged.", schema: setupSchema },
    handle: async (request) => {
      const { projectId, body, caller } = request;
      const input = { projectId, ...body };
      if (!(await createBilling(contextOf(request), input, caller.actor)))
        throw new LensError("api.conflict", "the project charges its customers already");
      request.console.billing.wake();
      const setup = await foundSetup(request);
      return { body: setup, version: setup.version, location: `/projects/${projectId}/billing` };
    },
  }),
  defineRoute({
    method: "PATCH",
    path: "/projects/{projectId}/billing",
    operationId: "updateBilling",
    tag: "Billing",
    summary: "Changes key or markup, pauses or goes on; what is absent stays.",
    permission: "billing.manage",
    isEdit: true,
    body: updateBillingSchema,
    errors: ["stripe.failed", "stripe.refused"],
    success: { status: 200, description: "The set-up as it is now.", schema: setupSchema },
    handle: async (request) => {
      const { projectId, body, caller, expectedVersion } = request;
      const { version: current } = await foundSetup(request);
      const version = expectedVersion === "any" ? current : expectedVersion;
      const input = { projectId, ...body, version };
      const result = await updateBilling(contextOf(request), input, caller.actor);
      if (result.outcome === "conflict") throw versionConflict(result.version);
      request.console.billing.wake();
      const setup = await foundSetup(request);
      return { body: setup, version: setup.version };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/billing/customers",
    operationId: "listBillingCustomers",
    tag: "Billing",
    summary: "Lists who pays for which tenant, by tenant.",
    permission: "billing.manage",
    query: z.strictObject(pageQuery),
    success: {
      status: 200,
      description: "A page of customers.",
      schema: pageOf(customerSchema),
    },
    handle: async ({ services, projectId, query }) => ({
      body: await readPage(query, CUSTOMER_ORDER, (part) =>
        listBillingCustomers(services.db, projectId, part),
      ),
    }),
  }),
  defineRoute({
    method: "PUT",
    path: "/projects/{projectId}/billing/customers/{tenant}",
    operationId: "setBillingCustomer",
    tag: "Billing",
    summary: "Says which customer in Stripe pays for a tenant from now on.",
    description:
      "Days since the first day that is charged are charged too. What Stripe refused of the tenant is sent again, to this customer.",
    permission: "billing.manage",
    params: tenantParams,
    body: z.strictObject({ customerId: customerIdSchema }),
    success: { status: 204, description: "It is set." },
    errors: ["stripe.refused"],
    handle: async ({ services, projectId, params, body, caller, console }) => {
      await checkCustomer(console.billing.context, { projectId, ...body });
      await setBillingCustomer(services, { projectId, ...params, ...body }, caller.actor);
      console.billing.wake();
      return {};
    },
  }),
  defineRoute({
    method: "DELETE",
    path: "/projects/{projectId}/billing/customers/{tenant}",
    operationId: "removeBillingCustomer",
    tag: "Billing",
    summary: "Charges a tenant no more. What was charged stays.",
    permission: "billing.manage",
    params: tenantParams,
    success: { status: 204, description: "It is removed." },
    handle: async ({ services, projectId, params, caller }) => {
      const input = { projectId, ...params };
      if (await removeBillingCustomer(services, input, caller.actor)) return {};
      throw notFound(`nobody pays for the tenant "${params.tenant}"`);
    },
  }),
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/billing/charges",
    operationId: "listBillingCharges",
    tag: "Billing",
    summary: "What each tenant is charged for a month, the most first.",
    permission: "billing.manage",
    query: z.strictObject({ ...monthQuery, ...pageQuery }),
    success: { status: 200, description: "A page of charges.", schema: pageOf(chargeSchema) },
    handle: async ({ services, projectId, query }) => {
      const charged = await chargedTenants(services.db, projectId, daysOfMonth(query.month));
      const { items, nextCursor } = pageOfRanking(charged, query, ({ amountNanoUsd, tenant }) => ({
        weights: [amountNanoUsd],
        identity: JSON.stringify(tenant),
      }));
      return { body: { items: items.map((charge) => toChargeJson(charge)), nextCursor } };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/billing/days",
    operationId: "getBillingDays",
    tag: "Billing",
    summary: "What a tenant is charged for each day of a month, with what was metered for it.",
    permission: "billing.manage",
    query: statementQuery,
    success: {
      status: 200,
      description: "The days.",
      schema: z.strictObject({ days: z.array(daySchema) }),
    },
    handle: async ({ services, projectId, query: { month, tenant } }) => {
      const asked = { projectId, tenant, ...daysOfMonth(month) };
      return { body: { days: await chargedDays(services.db, asked) } };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/billing/statement",
    operationId: "getBillingStatement",
    tag: "Billing",
    summary: "The same, signed, for the customer.",
    description: "`lensai verify statement` checks the file without this console.",
    permission: "billing.manage",
    query: statementQuery,
    success: {
      status: 200,
      description: "A DSSE envelope.",
      schema: z.strictObject({
        payloadType: z.string(),
        payload: z.string(),
        signatures: z.array(z.strictObject({ keyid: z.string(), sig: z.string() })),
      }),
    },
    handle: async ({ services, projectId, query: { month, tenant }, console }) => {
      const asked = { projectId, tenant, ...daysOfMonth(month) };
      const signingKey = await console.control.signingKey();
      const sealed = await signedStatement(services.db, asked, {
        now: services.now(),
        signingKey,
      });
      if (sealed === undefined)
        throw notFound(`nothing was charged to the tenant "${tenant}" in ${month}`);
      return { body: JSON.parse(sealed) as Envelope };
    },
  }),
];

interface Envelope {
  readonly payloadType: string;
  readonly payload: string;
  readonly signatures: { readonly keyid: string; readonly sig: string }[];
}

async function foundSetup({
  services,
  projectId,
}: Pick<ApiRequest, "services" | "projectId">): Promise<BillingSetup> {
  const setup = await findBillingSetup(services.db, projectId);
  if (setup === undefined) throw notFound("the project charges nobody: set billing up first");
  return setup;
}

const contextOf = ({
  console,
  services,
}: Pick<ApiRequest, "console" | "services">): BillingContext => ({
  ...console.billing.context,
  ...services,
});

const toChargeJson = ({ open, problem, ...charge }: ChargedTenant) => ({
  ...charge,
  waiting: open.waiting ?? 0,
  refused: open.refused ?? 0,
  unsure: open.unsure ?? 0,
  problem,
});
