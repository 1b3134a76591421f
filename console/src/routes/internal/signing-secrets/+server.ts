import { json } from "@sveltejs/kit";
import { z } from "zod";
import { TOKEN_ACTOR } from "#lib/server/http/token-actor.ts";
import { refuseWithoutControlToken } from "#lib/server/http/control-access.ts";
import { invalidInput, problemResponse } from "#lib/server/http/problem.ts";
import { findProject } from "#lib/server/services/projects/list.ts";
import { projectIdSchema } from "#lib/server/services/projects/project-id.ts";
import { createSigningSecret } from "#lib/server/services/signing-secrets/create.ts";
import { createSigningSecretSchema } from "#lib/server/services/signing-secrets/schemas.ts";
import { revokeSigningSecret } from "#lib/server/services/signing-secrets/revoke.ts";
import type { RequestHandler } from "./$types";

const createSchema = z.object({ projectId: projectIdSchema, ...createSigningSecretSchema.shape });

const revokeSchema = z.object({ projectId: projectIdSchema, keyId: z.string().min(1).max(128) });

const notFound = (detail: string): Response =>
  problemResponse({ status: 404, code: "query.not_found", detail });

/** Creates a secret that a project's exports can be signed with; with `expireOthersInSeconds`, rotates. */
export const POST: RequestHandler = async ({ request, locals }) => {
  const { settings, services } = locals.console;
  const refusal = refuseWithoutControlToken(request, settings);
  if (refusal !== undefined) return refusal;
  const body = createSchema.safeParse(await request.json().catch(() => undefined));
  if (!body.success) return invalidInput(body.error);
  if ((await findProject(services.db, body.data.projectId)) === undefined) {
    return notFound(`there is no project "${body.data.projectId}"`);
  }
  const created = await createSigningSecret(services, body.data, TOKEN_ACTOR);
  return json(created, { status: 201, headers: { "cache-control": "no-store" } });
};

/** Revokes a secret: its signatures are refused as soon as the collectors know. */
export const DELETE: RequestHandler = async ({ request, locals }) => {
  const { settings, services } = locals.console;
  const refusal = refuseWithoutControlToken(request, settings);
  if (refusal !== undefined) return refusal;
  const body = revokeSchema.safeParse(await request.json().catch(() => undefined));
  if (!body.success) return invalidInput(body.error);
  const isRevoked = await revokeSigningSecret(services, body.data, TOKEN_ACTOR);
  if (isRevoked) return new Response(null, { status: 204 });
  return notFound(`the project has no valid signing secret "${body.data.keyId}"`);
};
