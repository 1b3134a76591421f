import { json } from "@sveltejs/kit";
import { z } from "zod";
import { refuseWithoutControlToken } from "#lib/server/http/control-access.ts";
import { TOKEN_ACTOR } from "#lib/server/http/token-actor.ts";
import { invalidInput, problemResponse } from "#lib/server/http/problem.ts";
import { createApiKey } from "#lib/server/services/api-keys/create.ts";
import { ensureProject } from "#lib/server/services/projects/create.ts";
import { findProject } from "#lib/server/services/projects/list.ts";
import { updateProject } from "#lib/server/services/projects/update.ts";
import { projectIdSchema, projectNameSchema } from "#lib/server/services/projects/project-id.ts";
import type { RequestHandler } from "./$types";

const bodySchema = z.object({ id: projectIdSchema, name: projectNameSchema });
const changeSchema = z.object({ id: projectIdSchema, requireSignature: z.boolean() });

/** Creates a project, or finds the one with this id, and answers with a fresh ingest key for it. */
export const POST: RequestHandler = async ({ request, locals }) => {
  const { settings, services } = locals.console;
  const refusal = refuseWithoutControlToken(request, settings);
  if (refusal !== undefined) return refusal;
  const body = bodySchema.safeParse(await request.json().catch(() => undefined));
  if (!body.success) return invalidInput(body.error);
  const { isNew } = await ensureProject(services, body.data, TOKEN_ACTOR);
  const project = await findProject(services.db, body.data.id);
  const { id: projectId } = body.data;
  const input = { projectId, name: "Created with the project", scopes: ["ingest"] } as const;
  const { id: keyId, key } = await createApiKey(services, input, TOKEN_ACTOR);
  return json({ project, keyId, key }, { status: isNew ? 201 : 200 });
};

/** Makes the collectors refuse what the project sends unsigned, or take it again. */
export const PATCH: RequestHandler = async ({ request, locals }) => {
  const { settings, services } = locals.console;
  const refusal = refuseWithoutControlToken(request, settings);
  if (refusal !== undefined) return refusal;
  const body = changeSchema.safeParse(await request.json().catch(() => undefined));
  if (!body.success) return invalidInput(body.error);
  const { id: projectId, ...change } = body.data;
  const input = { projectId, change, expectedVersion: "any" } as const;
  const { outcome } = await updateProject(services, input, TOKEN_ACTOR);
  if (outcome === "updated") return new Response(null, { status: 204 });
  const detail = `there is no project "${body.data.id}"`;
  return problemResponse({ status: 404, code: "query.not_found", detail });
};
