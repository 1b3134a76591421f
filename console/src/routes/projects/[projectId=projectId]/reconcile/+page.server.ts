import { isAllMatched, notesOf } from "@lensai/analytics/reconcile/reconciliation";
import { LensError } from "@lensai/otel-config/errors";
import { fail } from "@sveltejs/kit";
import { projectForPage } from "#lib/server/access/authorize.ts";
import { issuesText } from "#lib/server/http/problem.ts";
import { loadReconciliation } from "#lib/server/lake/load-reconciliation.ts";
import { comparedProjectIds } from "#lib/server/services/reconcile/project-ids.ts";
import { RECONCILE_BYTES_MAX, reconcileSchema } from "#lib/server/services/reconcile/schemas.ts";
import type { Actions, PageServerLoad } from "./$types";

export const load: PageServerLoad = async ({ params, locals, parent }) => {
  await parent();
  const { project } = await projectForPage(locals, params.projectId, "project.read");
  return { project: { id: project.id, name: project.name } };
};

export const actions: Actions = {
  default: async ({ request, params, locals }) => {
    const { projectId } = params;
    await projectForPage(locals, projectId, "project.read");
    const form = await request.formData();
    const fields = fieldsOf(form);
    const files = await filesOf(form);
    if (files.reduce((sum, { text }) => sum + text.length, 0) > RECONCILE_BYTES_MAX)
      return fail(413, { problem: "the files are larger than 500 kB together", fields });
    const input = reconcileSchema.safeParse({
      files,
      from: fields.from || undefined,
      to: fields.to || undefined,
      tolerancePercent: Number(fields.tolerancePercent || Number.NaN),
      of: fields.of,
    });
    if (!input.success) return fail(400, { problem: issuesText(input.error), fields });
    const { services, lake } = locals.console;
    const whose = { projectId, principal: locals.principal, of: input.data.of };
    try {
      const projectIds = await comparedProjectIds(services.db, whose);
      const found = await loadReconciliation(lake, projectIds, input.data);
      const { from, to, rows, sums } = found;
      const report = {
        from,
        to,
        rows,
        sums,
        isAllMatched: isAllMatched(found),
        notes: notesOf(found),
      };
      return { fields, report };
    } catch (error) {
      if (!(error instanceof LensError) || error.code !== "query.invalid") throw error;
      return fail(400, { problem: error.message, fields });
    }
  },
};

function fieldsOf(form: FormData) {
  const text = (name: string): string => {
    const value = form.get(name);
    return typeof value === "string" ? value.trim() : "";
  };
  return {
    from: text("from"),
    to: text("to"),
    tolerancePercent: text("tolerancePercent"),
    of: text("of"),
  };
}

/** An empty choice of files is one without a name. */
async function filesOf(form: FormData): Promise<{ name: string; text: string }[]> {
  const files = form.getAll("files").filter((file) => file instanceof File && file.name !== "");
  return Promise.all(
    (files as File[]).map(async (file) => ({ name: file.name, text: await file.text() })),
  );
}
