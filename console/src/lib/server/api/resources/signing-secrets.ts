import { z } from "zod";
import { createSigningSecret } from "../../services/signing-secrets/create.ts";
import { listSigningSecrets, SIGNING_SECRET_ORDER } from "../../services/signing-secrets/list.ts";
import { revokeSigningSecret } from "../../services/signing-secrets/revoke.ts";
import { createSigningSecretSchema } from "../../services/signing-secrets/schemas.ts";
import { notFound } from "../api-errors.ts";
import { pageOf, pageQuery, readPage } from "../paging.ts";
import { defineRoute, type ApiRoute } from "../route.ts";
import { idParam, timeSchema } from "../schemas.ts";

const signingSecretSchema = z
  .strictObject({
    keyId: z.string().describe("LENSAI_SIGNING_KEY_ID of the sender."),
    createdAt: timeSchema,
    expiresAt: timeSchema.nullable().describe("Signatures are refused from then on; null: never."),
    revokedAt: timeSchema.nullable(),
  })
  .meta({ id: "SigningSecret" });

export const signingSecretRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/signing-secrets",
    operationId: "listSigningSecrets",
    tag: "Signing secrets",
    summary:
      "Lists the secrets that exports can be signed with, newest first, without the secrets themselves.",
    permission: "keys.manage",
    query: z.strictObject(pageQuery),
    success: {
      status: 200,
      description: "A page of secrets.",
      schema: pageOf(signingSecretSchema),
    },
    handle: async ({ services, projectId, query }) => ({
      body: await readPage(query, SIGNING_SECRET_ORDER, (part) =>
        listSigningSecrets(services.db, projectId, part),
      ),
    }),
  }),
  defineRoute({
    method: "POST",
    path: "/projects/{projectId}/signing-secrets",
    operationId: "createSigningSecret",
    tag: "Signing secrets",
    summary: "Creates a secret; with `expireOthersInSeconds`, rotates.",
    permission: "keys.manage",
    body: createSigningSecretSchema,
    success: {
      status: 201,
      description: "The secret, in base64: this answer is the only one that has it.",
      schema: z.strictObject({ keyId: z.string(), secret: z.string() }),
    },
    handle: async ({ services, caller, projectId, body }) => ({
      body: await createSigningSecret(services, { projectId, ...body }, caller.actor),
    }),
  }),
  defineRoute({
    method: "DELETE",
    path: "/projects/{projectId}/signing-secrets/{keyId}",
    operationId: "revokeSigningSecret",
    tag: "Signing secrets",
    summary: "Revokes a secret at once.",
    permission: "keys.manage",
    params: z.strictObject({ keyId: idParam("The `keyId` of the secret.") }),
    success: { status: 204, description: "It is revoked." },
    handle: async ({ services, caller, projectId, params }) => {
      if (await revokeSigningSecret(services, { projectId, ...params }, caller.actor)) return {};
      throw notFound(`the project has no valid signing secret "${params.keyId}"`);
    },
  }),
];
