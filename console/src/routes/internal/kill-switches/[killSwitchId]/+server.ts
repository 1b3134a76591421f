import { TOKEN_ACTOR } from "#lib/server/http/token-actor.ts";
import { refuseWithoutControlToken } from "#lib/server/http/control-access.ts";
import { invalidInput, problemResponse } from "#lib/server/http/problem.ts";
import { releaseKillSwitch } from "#lib/server/services/kill-switches/release.ts";
import { releaseSchema } from "#lib/server/services/kill-switches/schemas.ts";
import type { RequestHandler } from "./$types";

/** Releases a switch: `{projectId, reason}`. 204, or 404 when no such switch is on. */
export const DELETE: RequestHandler = async ({ request, params, locals }) => {
  const { settings, services } = locals.console;
  const refusal = refuseWithoutControlToken(request, settings);
  if (refusal !== undefined) return refusal;
  const given: unknown = await request.json().catch(() => undefined);
  const body = releaseSchema.safeParse({ ...(given as object), ...params });
  if (!body.success) return invalidInput(body.error);
  if (await releaseKillSwitch(services, body.data, TOKEN_ACTOR))
    return new Response(null, { status: 204 });
  const detail = `no kill-switch "${params.killSwitchId}" is on in project "${body.data.projectId}"`;
  return problemResponse({ status: 404, code: "query.not_found", detail });
};
