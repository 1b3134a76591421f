import { json } from "@sveltejs/kit";
import { z } from "zod";
import { claimJob, JOB_LOCKS } from "#lib/server/db/claim-job.ts";
import { refuseWithoutControlToken } from "#lib/server/http/control-access.ts";
import { invalidInput, problemResponse } from "#lib/server/http/problem.ts";
import { projectIdSchema } from "#lib/server/services/projects/project-id.ts";
import type { RequestHandler } from "./$types";

const bodySchema = z.object({ projectId: projectIdSchema.optional() });

/** Counts the ledgers of budgets anew from the lake, and answers with those that were wrong, and by how much. */
export const POST: RequestHandler = async ({ request, locals }) => {
  const { settings, services, settlement } = locals.console;
  const refusal = refuseWithoutControlToken(request, settings);
  if (refusal !== undefined) return refusal;
  const body = bodySchema.safeParse(await request.json().catch(() => undefined));
  if (!body.success) return invalidInput(body.error);
  const changes = await claimJob(services.db, JOB_LOCKS.settlement, () =>
    settlement.rebuild(body.data.projectId),
  );
  if (changes === undefined) {
    const detail = "the ledgers are being settled at this moment; ask again in a second";
    return problemResponse({ status: 503, code: "control.ledger_unavailable", detail });
  }
  return json({
    changes: changes.map(({ key, moreNanoUsd }) => ({
      projectId: key.projectId,
      budgetId: key.budgetId,
      value: key.value === "" ? undefined : key.value,
      periodStartsAt: new Date(key.periodStartMs).toISOString(),
      moreNanoUsd: moreNanoUsd.toString(),
    })),
  });
};
