import { fail } from "@sveltejs/kit";
import { LensError } from "@lensai/otel-config/errors";
import { tenantLines } from "#lib/billing-page.ts";
import { untoldKinds } from "#lib/alert-labels.ts";
import { projectForPage } from "#lib/server/access/authorize.ts";
import { STATUS_BY_CODE } from "#lib/server/api/api-errors.ts";
import { daysOfMonth, isoDay, timesOf } from "#lib/server/billing/billing-days.ts";
import { issuesText } from "#lib/server/http/problem.ts";
import { loadTenantSpend } from "#lib/server/lake/load-tenant-spend.ts";
import { listAlertChannels } from "#lib/server/services/alerts/list.ts";
import { checkCustomer } from "#lib/server/services/billing/check-customer.ts";
import {
  listBillingCustomers,
  removeBillingCustomer,
  setBillingCustomer,
} from "#lib/server/services/billing/customers.ts";
import { chargedTenants } from "#lib/server/services/billing/lines.ts";
import {
  createBillingSchema,
  customerIdSchema,
  monthSchema,
  tenantSchema,
  updateBillingSchema,
} from "#lib/server/services/billing/schemas.ts";
import {
  createBilling,
  findBillingSetup,
  updateBilling,
} from "#lib/server/services/billing/setup.ts";
import type { Actions, PageServerLoad, RequestEvent } from "./$types";

const MONTHS_SHOWN = 12;
const BASIS_POINTS_PER_PERCENT = 100;

export const load: PageServerLoad = async ({ params, locals, parent, url }) => {
  await parent();
  const { project } = await projectForPage(locals, params.projectId, "billing.manage");
  const { services, lake } = locals.console;
  const now = services.now();
  const today = isoDay(now.getTime());
  const asked = monthSchema.safeParse(url.searchParams.get("month"));
  const month = asked.data ?? today.slice(0, 7);
  const days = daysOfMonth(month);
  const setup = await findBillingSetup(services.db, project.id);
  const [spend, customers, charged, channels] = await Promise.all([
    loadTenantSpend(lake, { projectId: project.id, ...timesOf(days) }),
    listBillingCustomers(services.db, project.id),
    chargedTenants(services.db, project.id, days),
    listAlertChannels(services.db, project.id),
  ]);
  return {
    project,
    setup,
    today,
    /** Does a channel hear of charges that do not arrive? */
    isTroubleTold: !untoldKinds(channels).includes("billing.trouble"),
    month,
    months: monthsUntil(now),
    lines: tenantLines({ spend, customers, charged }),
    /** Calls that name no tenant are nobody's to pay for. */
    withoutTenant: spend.find(({ tenant }) => tenant === undefined),
  };
};

function monthsUntil(now: Date): string[] {
  return Array.from({ length: MONTHS_SHOWN }, (_, index) => {
    const first = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - index, 1);
    return isoDay(first).slice(0, 7);
  });
}

export const actions: Actions = {
  create: async (event) => {
    const { billing, projectId, actor, form } = await allowed(event);
    const input = createBillingSchema.safeParse({
      stripeKey: form.get("stripeKey"),
      eventName: textOf(form.get("eventName")),
      markupBasisPoints: basisPointsOf(form.get("markupPercent")),
      startsOn: form.get("startsOn"),
    });
    if (!input.success) return fail(400, { problem: issuesText(input.error) });
    const result = await orRefusal(
      createBilling(billing.context, { projectId, ...input.data }, actor),
    );
    if (result instanceof LensError) return failed(result);
    if (!result) return fail(409, { problem: "The project charges its customers already." });
    billing.wake();
    return { done: "Set up. Say below who pays for which tenant." };
  },
  update: async (event) => {
    const { billing, projectId, actor, form } = await allowed(event);
    const input = updateBillingSchema.safeParse({
      stripeKey: textOf(form.get("stripeKey")),
      markupBasisPoints: basisPointsOf(form.get("markupPercent")),
      isPaused: form.has("isPaused"),
    });
    if (!input.success) return fail(400, { problem: issuesText(input.error) });
    const change = { projectId, ...input.data, version: Number(form.get("version")) };
    const result = await orRefusal(updateBilling(billing.context, change, actor));
    if (result instanceof LensError) return failed(result);
    if (result.outcome !== "updated") return fail(409, { problem: CHANGED_MEANWHILE });
    billing.wake();
    return { done: "Saved. Days that are charged keep the markup that they were charged with." };
  },
  setCustomer: async (event) => {
    const { billing, projectId, actor, form } = await allowed(event);
    const tenant = tenantSchema.safeParse(form.get("tenant"));
    const customerId = customerIdSchema.safeParse(form.get("customerId"));
    if (!tenant.success) return fail(400, { problem: "Name the tenant." });
    if (!customerId.success)
      return fail(400, { problem: `The customer ${customerId.error.issues[0]?.message}.` });
    const input = { projectId, tenant: tenant.data, customerId: customerId.data };
    const refusal = await orRefusal(checkCustomer(billing.context, input));
    if (refusal instanceof LensError) return failed(refusal);
    await setBillingCustomer(billing.context, input, actor);
    billing.wake();
    return { done: `${customerId.data} pays for ${tenant.data}.` };
  },
  removeCustomer: async (event) => {
    const { billing, projectId, actor, form } = await allowed(event);
    const tenant = tenantSchema.safeParse(form.get("tenant"));
    if (!tenant.success) return fail(400, { problem: "Name the tenant." });
    await removeBillingCustomer(billing.context, { projectId, tenant: tenant.data }, actor);
    return { done: `${tenant.data} is charged no more. What was charged stays.` };
  },
};

const CHANGED_MEANWHILE =
  "Somebody else has changed this since the page was loaded: nothing was saved. What holds now is below.";

async function allowed({ locals, params, request }: RequestEvent) {
  const { project, actor } = await projectForPage(locals, params.projectId, "billing.manage");
  const { billing } = locals.console;
  return { billing, projectId: project.id, actor, form: await request.formData() };
}

/** What Stripe says is for the person who asked; anything else is a fault. */
async function orRefusal<T>(work: Promise<T>): Promise<T | LensError> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof LensError && error.code.startsWith("stripe.")) return error;
    throw error;
  }
}

const failed = ({ code, message }: LensError) =>
  fail(code === "stripe.refused" ? STATUS_BY_CODE[code] : STATUS_BY_CODE["stripe.failed"], {
    problem: message,
  });

/** Undefined for a field that was left empty. */
const textOf = (field: FormDataEntryValue | null): string | undefined =>
  typeof field === "string" && field.trim() !== "" ? field.trim() : undefined;

function basisPointsOf(percent: FormDataEntryValue | null): number | undefined {
  const text = textOf(percent);
  return text === undefined ? undefined : Math.round(Number(text) * BASIS_POINTS_PER_PERCENT);
}
