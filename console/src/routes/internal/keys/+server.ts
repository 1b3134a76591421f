import { json } from "@sveltejs/kit";
import { z } from "zod";
import { TOKEN_ACTOR } from "#lib/server/http/token-actor.ts";
import { refuseWithoutControlToken } from "#lib/server/http/control-access.ts";
import { invalidInput, problemResponse } from "#lib/server/http/problem.ts";
import { createApiKey } from "#lib/server/services/api-keys/create.ts";
import { listApiKeys } from "#lib/server/services/api-keys/list.ts";
import { revokeApiKey } from "#lib/server/services/api-keys/revoke.ts";
import { rotateApiKey } from "#lib/server/services/api-keys/rotate.ts";
import {
  createKeySchema,
  namedKeySchema,
  rotateKeySchema,
} from "#lib/server/services/api-keys/schemas.ts";
import { projectIdSchema } from "#lib/server/services/projects/project-id.ts";
import { findProject } from "#lib/server/services/projects/list.ts";
import type { RequestHandler } from "./$types";

const createSchema = createKeySchema.and(z.object({ projectId: projectIdSchema }));
const rotateSchema = rotateKeySchema.and(namedKeySchema);

const NO_STORE = { "cache-control": "no-store" };

const notFound = (detail: string): Response =>
  problemResponse({ status: 404, code: "query.not_found", detail });

const noProject = (projectId: string): Response => notFound(`there is no project "${projectId}"`);

const bodyOf = (request: Request): Promise<unknown> => request.json().catch(() => undefined);

/** The keys of a project, `?projectId=`: everything but the keys themselves. */
export const GET: RequestHandler = async ({ request, url, locals }) => {
  const { settings, services } = locals.console;
  const refusal = refuseWithoutControlToken(request, settings);
  if (refusal !== undefined) return refusal;
  const projectId = url.searchParams.get("projectId") ?? "";
  if ((await findProject(services.db, projectId)) === undefined) return noProject(projectId);
  return json({ keys: await listApiKeys(services.db, projectId) }, { headers: NO_STORE });
};

/** Creates a key: `{projectId, name, scopes, origins?, expiresInDays?}`. The answer is the only one with the key. */
export const POST: RequestHandler = async ({ request, locals }) => {
  const { settings, services } = locals.console;
  const refusal = refuseWithoutControlToken(request, settings);
  if (refusal !== undefined) return refusal;
  const body = createSchema.safeParse(await bodyOf(request));
  if (!body.success) return invalidInput(body.error);
  const { projectId } = body.data;
  if ((await findProject(services.db, projectId)) === undefined) return noProject(projectId);
  const created = await createApiKey(services, body.data, TOKEN_ACTOR);
  return json(created, { status: 201, headers: NO_STORE });
};

/** Rotates: `{projectId, keyId, overlapSeconds}`. A new key now; the old one ends after the overlap. */
export const PUT: RequestHandler = async ({ request, locals }) => {
  const { settings, services } = locals.console;
  const refusal = refuseWithoutControlToken(request, settings);
  if (refusal !== undefined) return refusal;
  const body = rotateSchema.safeParse(await bodyOf(request));
  if (!body.success) return invalidInput(body.error);
  const rotated = await rotateApiKey(services, body.data, TOKEN_ACTOR);
  if (rotated === undefined) return notFound(`the project has no valid key "${body.data.keyId}"`);
  return json(rotated, { status: 201, headers: NO_STORE });
};

/** Revokes a key at once: `{projectId, keyId}`. */
export const DELETE: RequestHandler = async ({ request, locals }) => {
  const { settings, services } = locals.console;
  const refusal = refuseWithoutControlToken(request, settings);
  if (refusal !== undefined) return refusal;
  const body = namedKeySchema.safeParse(await bodyOf(request));
  if (!body.success) return invalidInput(body.error);
  const isRevoked = await revokeApiKey(services, body.data, TOKEN_ACTOR);
  if (isRevoked) return new Response(null, { status: 204 });
  return notFound(`the project has no valid key "${body.data.keyId}"`);
};
