import { parseAcknowledgementBatch } from "@lensai/otel-config/control/acknowledgements";
import { refuseWithoutControlToken } from "#lib/server/http/control-access.ts";
import { problemResponse } from "#lib/server/http/problem.ts";
import { recordAcknowledgements } from "#lib/server/services/receipts/record.ts";
import type { RequestHandler } from "./$types";

/** What a collector says about the processes that have their policy from it. 204. */
export const POST: RequestHandler = async ({ request, locals }) => {
  const { settings, services } = locals.console;
  const refusal = refuseWithoutControlToken(request, settings);
  if (refusal !== undefined) return refusal;
  const given: unknown = await request.json().catch(() => undefined);
  try {
    await recordAcknowledgements(services, parseAcknowledgementBatch(given));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return problemResponse({ status: 400, code: "query.invalid", detail: error.message });
  }
  return new Response(null, { status: 204 });
};
