import { json } from "@sveltejs/kit";
import { TOKEN_ACTOR } from "#lib/server/http/token-actor.ts";
import { refuseWithoutControlToken } from "#lib/server/http/control-access.ts";
import { invalidInput, problemResponse } from "#lib/server/http/problem.ts";
import { triggerSchema } from "#lib/server/services/kill-switches/schemas.ts";
import { triggerKillSwitch } from "#lib/server/services/kill-switches/trigger.ts";
import { findProject } from "#lib/server/services/projects/list.ts";
import type { RequestHandler } from "./$types";

/** Stops the calls of a scope: `{projectId, scope, reason}`. */
export const POST: RequestHandler = async ({ request, locals }) => {
  const { settings, services } = locals.console;
  const refusal = refuseWithoutControlToken(request, settings);
  if (refusal !== undefined) return refusal;
  const body = triggerSchema.safeParse(await request.json().catch(() => undefined));
  if (!body.success) return invalidInput(body.error);
  if ((await findProject(services.db, body.data.projectId)) === undefined) {
    const detail = `there is no project "${body.data.projectId}"`;
    return problemResponse({ status: 404, code: "query.not_found", detail });
  }
  return json(await triggerKillSwitch(services, body.data, TOKEN_ACTOR), { status: 201 });
};
