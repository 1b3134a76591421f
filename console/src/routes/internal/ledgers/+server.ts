import { json } from "@sveltejs/kit";
import { refuseWithoutControlToken } from "#lib/server/http/control-access.ts";
import { problemResponse } from "#lib/server/http/problem.ts";
import { readLedgers } from "#lib/server/services/ledger/read-ledgers.ts";
import type { RequestHandler } from "./$types";

/** The ledgers of a budget, `?projectId=…&budgetId=…`; amounts are nano-USD in digits. */
export const GET: RequestHandler = async ({ request, url, locals }) => {
  const { settings, services } = locals.console;
  const refusal = refuseWithoutControlToken(request, settings);
  if (refusal !== undefined) return refusal;
  const projectId = url.searchParams.get("projectId");
  const budgetId = url.searchParams.get("budgetId");
  if (projectId === null || budgetId === null) {
    const detail = "projectId and budgetId say which budget; one of them is missing";
    return problemResponse({ status: 400, code: "query.invalid", detail });
  }
  const nowMs = services.now().getTime();
  const ledgers = await readLedgers(services.db, { projectId, budgetId, nowMs });
  return json({
    ledgers: ledgers.map((ledger) => ({
      value: ledger.value,
      periodStartsAt: new Date(ledger.periodStartMs).toISOString(),
      settledNanoUsd: String(ledger.settledNanoUsd),
      heldNanoUsd: String(ledger.heldNanoUsd),
      uncertainNanoUsd: String(ledger.uncertainNanoUsd),
      liveLeases: ledger.liveLeases,
    })),
  });
};
