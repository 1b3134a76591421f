import { z } from "zod";
import { createApiKey } from "../../services/api-keys/create.ts";
import { API_KEY_ORDER, listApiKeys } from "../../services/api-keys/list.ts";
import { revokeApiKey } from "../../services/api-keys/revoke.ts";
import { rotateApiKey } from "../../services/api-keys/rotate.ts";
import { createKeySchema, rotateKeySchema } from "../../services/api-keys/schemas.ts";
import { notFound } from "../api-errors.ts";
import { pageOf, pageQuery, readPage } from "../paging.ts";
import { parsePart } from "../read-input.ts";
import { defineRoute, type ApiRoute } from "../route.ts";
import { actorSchema, idParam, timeSchema } from "../schemas.ts";

const apiKeySchema = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    prefix: z.string().describe("The first characters; empty for a key that somebody chose."),
    last4: z.string(),
    scopes: z.array(z.enum(["ingest", "read", "control"])),
    origins: z.array(z.string()).describe("Pages that may use it; empty for servers."),
    createdAt: timeSchema,
    createdBy: actorSchema.nullable(),
    lastUsedAt: timeSchema.nullable().describe("To the minute; null when it was never used."),
    expiresAt: timeSchema.nullable().describe("Null: never."),
    revokedAt: timeSchema.nullable(),
  })
  .describe("What can be said of a key without knowing it.")
  .meta({ id: "ApiKey" });

const createdSchema = {
  id: z.string(),
  key: z.string().describe("The key itself: this answer is the only one that has it."),
};

const keyParams = z.strictObject({ keyId: idParam("The `id` of the key.") });

export const apiKeyRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/keys",
    operationId: "listApiKeys",
    tag: "API keys",
    summary: "Lists the keys of a project: those that can be used first, then the newest first.",
    permission: "keys.manage",
    query: z.strictObject(pageQuery),
    success: { status: 200, description: "A page of keys.", schema: pageOf(apiKeySchema) },
    handle: async ({ services, projectId, query }) => ({
      body: await readPage(query, API_KEY_ORDER, (part) =>
        listApiKeys(services.db, projectId, part),
      ),
    }),
  }),
  defineRoute({
    method: "POST",
    path: "/projects/{projectId}/keys",
    operationId: "createApiKey",
    tag: "API keys",
    summary: "Creates a key.",
    permission: "keys.manage",
    body: z.strictObject(createKeySchema.shape),
    success: { status: 201, description: "The key.", schema: z.strictObject(createdSchema) },
    handle: async ({ services, caller, projectId, body }) => {
      // Once more as a whole: scopes depend on origins.
      const input = parsePart("body", createKeySchema, body);
      return { body: await createApiKey(services, { projectId, ...input }, caller.actor) };
    },
  }),
  defineRoute({
    method: "POST",
    path: "/projects/{projectId}/keys/{keyId}/rotate",
    operationId: "rotateApiKey",
    tag: "API keys",
    summary: "Creates a key like an old one, which ends after an overlap.",
    permission: "keys.manage",
    params: keyParams,
    body: z.strictObject(rotateKeySchema.shape),
    success: {
      status: 201,
      description: "The new key.",
      schema: z.strictObject({ ...createdSchema, oldExpiresAt: timeSchema }),
    },
    handle: async ({ services, caller, projectId, params, body }) => {
      const input = { projectId, ...params, ...body };
      const rotated = await rotateApiKey(services, input, caller.actor);
      if (rotated === undefined) throw keyNotFound(params.keyId);
      return { body: rotated };
    },
  }),
  defineRoute({
    method: "DELETE",
    path: "/projects/{projectId}/keys/{keyId}",
    operationId: "revokeApiKey",
    tag: "API keys",
    summary: "Revokes a key: every collector refuses it within moments.",
    permission: "keys.manage",
    params: keyParams,
    success: { status: 204, description: "It is revoked." },
    handle: async ({ services, caller, projectId, params }) => {
      if (await revokeApiKey(services, { projectId, ...params }, caller.actor)) return {};
      throw keyNotFound(params.keyId);
    },
  }),
];

const keyNotFound = (keyId: string): Error => notFound(`the project has no valid key "${keyId}"`);
