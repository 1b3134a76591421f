import { json } from "@sveltejs/kit";
import { parseLeaseBatch, type LeaseBatch } from "@lensai/otel-config/control/leases";
import { exhaustedIn } from "#lib/server/alerts/evaluate/exhausted-budgets.ts";
import { refuseWithoutControlToken } from "#lib/server/http/control-access.ts";
import { problemResponse } from "#lib/server/http/problem.ts";
import { exchangeLeases } from "#lib/server/services/ledger/exchange-leases.ts";
import type { RequestHandler } from "./$types";

/** What collectors pass on of `POST /v1/leases`: reports of leases and wishes for more, of many processes at once. */
export const POST: RequestHandler = async ({ request, locals }) => {
  const { settings, services } = locals.console;
  const refusal = refuseWithoutControlToken(request, settings);
  if (refusal !== undefined) return refusal;
  const batch = batchOf(await request.json().catch(() => undefined));
  if (typeof batch === "string") {
    return problemResponse({ status: 400, code: "query.invalid", detail: batch });
  }
  const answer = await exchangeLeases(services, batch);
  locals.console.alerts.refused(exhaustedIn(batch, answer));
  return json(answer);
};

/** Or what is wrong with it. */
function batchOf(body: unknown): LeaseBatch | string {
  try {
    return parseLeaseBatch(body);
  } catch (error) {
    return error instanceof Error ? error.message : "the body cannot be read";
  }
}
