import { fail } from "@sveltejs/kit";
import { projectForPage, type ProjectGrant } from "#lib/server/access/authorize.ts";
import { roleMay } from "#lib/server/access/permissions.ts";
import { issuesText } from "#lib/server/http/problem.ts";
import { actorNames } from "#lib/server/services/members/actor-names.ts";
import { createApiKey } from "#lib/server/services/api-keys/create.ts";
import { listApiKeys } from "#lib/server/services/api-keys/list.ts";
import { revokeApiKey } from "#lib/server/services/api-keys/revoke.ts";
import { rotateApiKey } from "#lib/server/services/api-keys/rotate.ts";
import {
  createKeySchema,
  namedKeySchema,
  rotateKeySchema,
} from "#lib/server/services/api-keys/schemas.ts";
import { archiveProject } from "#lib/server/services/projects/archive.ts";
import { projectChangeSchema } from "#lib/server/services/projects/schemas.ts";
import { updateProject } from "#lib/server/services/projects/update.ts";
import { createSigningSecret } from "#lib/server/services/signing-secrets/create.ts";
import { listSigningSecrets } from "#lib/server/services/signing-secrets/list.ts";
import { revokeSigningSecret } from "#lib/server/services/signing-secrets/revoke.ts";
import { createSigningSecretSchema } from "#lib/server/services/signing-secrets/schemas.ts";
import type { Permission } from "#lib/server/access/permissions.ts";
import type { Actions, PageServerLoad, RequestEvent } from "./$types";

const SECONDS_PER_MINUTE = 60;

export const load: PageServerLoad = async ({ params, locals, parent, depends }) => {
  depends("lensai:settings");
  await parent();
  const { project, may, role } = await projectForPage(locals, params.projectId, "project.read");
  const { db, now } = locals.console.services;
  const mayManageKeys = may("keys.manage");
  const [keys, secrets] = mayManageKeys
    ? await Promise.all([listApiKeys(db, project.id), listSigningSecrets(db, project.id)])
    : [[], []];
  const actors = keys.map(({ createdBy }) => createdBy ?? "");
  return {
    project,
    keys,
    secrets: secrets.filter(({ revokedAt }) => revokedAt === null),
    names: await actorNames(db, project.organizationId, actors),
    mayManage: may("project.manage"),
    mayArchive: role !== undefined && roleMay(role, "project.manage"),
    mayManageKeys,
    retention: locals.console.settings.lake.retention,
    nowUnixMs: now().getTime(),
  };
};

export const actions: Actions = {
  project: async (event) => {
    const { services, grant, form } = await allowed(event, "project.manage");
    const change = projectChangeSchema.safeParse({
      name: form.get("name") ?? undefined,
      content: form.get("content") ?? undefined,
      requireSignature: form.has("requireSignature"),
      maxStalenessSeconds: secondsOf(form.get("maxStalenessMinutes")),
      staleMode: form.get("staleMode") ?? undefined,
    });
    if (!change.success) return fail(400, { problem: issuesText(change.error) });
    const expectedVersion = Number(form.get("version"));
    const input = { projectId: grant.project.id, expectedVersion, change: change.data };
    const { outcome } = await updateProject(services, input, grant.actor);
    if (outcome !== "updated") return fail(409, { problem: CHANGED_MEANWHILE });
    return { done: "Saved. Collectors know it within seconds." };
  },
  archive: (event) => setArchived(event, true),
  restore: (event) => setArchived(event, false),
  createKey: async (event) => {
    const { services, grant, form } = await allowed(event, "keys.manage");
    const input = createKeySchema.safeParse({
      name: form.get("name"),
      scopes: form.getAll("scopes"),
      origins: linesOf(form.get("origins")),
      expiresInDays: numberOf(form.get("expiresInDays")),
    });
    if (!input.success) return fail(400, { problem: issuesText(input.error) });
    const projectId = grant.project.id;
    const { key } = await createApiKey(services, { projectId, ...input.data }, grant.actor);
    return { created: { what: `The key “${input.data.name}”`, text: key } };
  },
  rotateKey: async (event) => {
    const { services, grant, form } = await allowed(event, "keys.manage");
    const input = rotateKeySchema.and(namedKeySchema).safeParse({
      projectId: grant.project.id,
      keyId: form.get("keyId"),
      overlapSeconds: numberOf(form.get("overlapSeconds")),
    });
    if (!input.success) return fail(400, { problem: issuesText(input.error) });
    const rotated = await rotateApiKey(services, input.data, grant.actor);
    if (rotated === undefined) return fail(409, { problem: NOT_VALID });
    return { created: { what: "The new key", text: rotated.key } };
  },
  revokeKey: async (event) => {
    const { services, grant, form } = await allowed(event, "keys.manage");
    const named = { projectId: grant.project.id, keyId: form.get("keyId") };
    const input = namedKeySchema.safeParse(named);
    if (!input.success) return fail(400, { problem: issuesText(input.error) });
    const isRevoked = await revokeApiKey(services, input.data, grant.actor);
    if (!isRevoked) return fail(409, { problem: NOT_VALID });
    return { done: "The key is revoked: collectors refuse it within a second." };
  },
  createSecret: async (event) => {
    const { services, grant, form } = await allowed(event, "keys.manage");
    const input = createSigningSecretSchema.safeParse({
      expireOthersInSeconds: numberOf(form.get("expireOthersInSeconds")),
    });
    if (!input.success) return fail(400, { problem: issuesText(input.error) });
    const secret = { projectId: grant.project.id, ...input.data };
    const created = await createSigningSecret(services, secret, grant.actor);
    const text = `LENSAI_SIGNING_KEY_ID=${created.keyId}\nLENSAI_SIGNING_SECRET=${created.secret}`;
    return { created: { what: "The secret", text } };
  },
  revokeSecret: async (event) => {
    const { services, grant, form } = await allowed(event, "keys.manage");
    const named = { projectId: grant.project.id, keyId: form.get("keyId") };
    const input = namedKeySchema.safeParse(named);
    if (!input.success) return fail(400, { problem: issuesText(input.error) });
    const isRevoked = await revokeSigningSecret(services, input.data, grant.actor);
    if (!isRevoked) return fail(409, { problem: "This secret is not valid any longer." });
    return { done: "The secret is revoked: collectors refuse its signatures within a second." };
  },
};

const NOT_VALID = "This key is not valid any longer: somebody revoked it, or it has expired.";
const CHANGED_MEANWHILE =
  "Somebody else has changed the project since this page was loaded: nothing was saved. What holds now is below.";

interface Allowed {
  readonly services: App.Locals["console"]["services"];
  readonly grant: ProjectGrant;
  readonly form: FormData;
}

async function setArchived({ locals, params }: RequestEvent, isArchived: boolean) {
  const asked = { permission: "project.manage", isForArchived: true } as const;
  const grant = await projectForPage(locals, params.projectId, asked);
  const input = { projectId: grant.project.id, isArchived };
  await archiveProject(locals.console.services, input, grant.actor);
  return {
    done: isArchived
      ? "The project is archived: collectors refuse its keys within a second."
      : "The project is back, with its keys.",
  };
}

async function allowed(
  { locals, params, request }: RequestEvent,
  permission: Permission,
): Promise<Allowed> {
  const grant = await projectForPage(locals, params.projectId, permission);
  return { services: locals.console.services, grant, form: await request.formData() };
}

/** Undefined for a field that was left empty; no number stays what it is, for the schema to refuse. */
function numberOf(field: FormDataEntryValue | null): unknown {
  if (field === null || field === "") return undefined;
  return Number(field);
}

/** Undefined where the form has no such field: then it stays. */
function secondsOf(minutes: FormDataEntryValue | null): number | null | undefined {
  if (typeof minutes !== "string") return undefined;
  return minutes.trim() === "" ? null : Math.round(Number(minutes) * SECONDS_PER_MINUTE);
}

function linesOf(field: FormDataEntryValue | null): string[] {
  const text = typeof field === "string" ? field : "";
  return text.split(/\s+/).filter((line) => line !== "");
}
