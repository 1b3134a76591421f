import { error } from "@sveltejs/kit";
import { projectForPage } from "#lib/server/access/authorize.ts";
import { daysOfMonth } from "#lib/server/billing/billing-days.ts";
import { signedStatement } from "#lib/server/services/billing/lines.ts";
import { monthSchema, tenantSchema } from "#lib/server/services/billing/schemas.ts";
import type { RequestHandler } from "./$types";

/** The signed statement of a tenant for a month, as a file: `?tenant=acme&month=2026-11`. */
export const GET: RequestHandler = async ({ params, locals, url }) => {
  const { project } = await projectForPage(locals, params.projectId, "billing.manage");
  const tenant = tenantSchema.safeParse(url.searchParams.get("tenant"));
  const month = monthSchema.safeParse(url.searchParams.get("month"));
  if (!tenant.success || !month.success) error(400, "Name a tenant and a month such as 2026-11.");
  const { control, services } = locals.console;
  const sealed = await signedStatement(
    services.db,
    { projectId: project.id, tenant: tenant.data, ...daysOfMonth(month.data) },
    { now: services.now(), signingKey: await control.signingKey() },
  );
  if (sealed === undefined) error(404, `Nothing was charged to "${tenant.data}" in ${month.data}.`);
  return new Response(`${sealed}\n`, {
    headers: {
      "content-type": "application/json",
      "content-disposition": `attachment; filename="statement-${project.id}-${month.data}.json"`,
      "cache-control": "no-store",
    },
  });
};
