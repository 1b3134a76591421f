import { CHANNELS, notify } from "#lib/server/db/notices.ts";
import { refuseWithoutControlToken } from "#lib/server/http/control-access.ts";
import type { RequestHandler } from "./$types";

/** A collector tells that something has landed; every console hears of it. 204. */
export const POST: RequestHandler = async ({ request, locals }) => {
  const { settings, services } = locals.console;
  const refusal = refuseWithoutControlToken(request, settings);
  if (refusal !== undefined) return refusal;
  await notify(services.db, CHANNELS.landings);
  return new Response(null, { status: 204 });
};
