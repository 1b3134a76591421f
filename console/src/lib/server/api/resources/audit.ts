import type { AuditExtent } from "@lensai/otel-config/audit/audit-export";
import { z } from "zod";
import type { Database } from "../../db/client.ts";
import { bodyStream } from "../../http/body-stream.ts";
import { logError } from "../../log.ts";
import { exportAudit } from "../../services/audit/export.ts";
import { ofOrganization, ofProject } from "../../services/audit/extent.ts";
import { listAuditEntries, type AuditEntryRow } from "../../services/audit/list.ts";
import { cutPage, fromCursor, pageOf, pageQuery } from "../paging.ts";
import { defineRoute, organizationOf, type ApiRequest, type ApiRoute } from "../route.ts";
import { actorSchema, timeSchema } from "../schemas.ts";

const entrySchema = z
  .strictObject({
    sequence: z.int().min(1).describe("Counts the entries of the installation, without gaps."),
    at: timeSchema,
    actor: actorSchema,
    action: z.string().describe("`noun.verb`, as in `kill_switch.trigger`."),
    subjectId: z.string(),
    before: z.unknown().describe("What was changed, as it was; null when there was nothing."),
    after: z.unknown(),
    hash: z.string().describe("SHA-256 in hex, over this entry and the hash of the one before it."),
  })
  .meta({ id: "AuditEntry" });

const placeSchema = z.tuple([z.int().min(1)]);

const FILE_IS_PROVEN =
  "`lensai verify` checks the file without this console. It ends with the signed head: a file without it was cut off.";
const PAGE_OF_ENTRIES = {
  status: 200,
  description: "A page of entries.",
  schema: pageOf(entrySchema),
} as const;
const THE_LOG = {
  status: 200,
  description: "The log.",
  mediaTypes: ["application/x-ndjson"],
} as const;

export const auditRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/audit",
    operationId: "listAuditEntries",
    tag: "Audit log",
    summary: "Who changed what in the project, newest first.",
    permission: "audit.read",
    query: z.strictObject(pageQuery),
    success: PAGE_OF_ENTRIES,
    handle: ({ services, projectId, query }) =>
      pageOfEntries(services.db, ofProject(projectId), query),
  }),
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/audit/export",
    operationId: "exportAuditLog",
    tag: "Audit log",
    summary: "Streams the project's entries, oldest first, with a signed head.",
    description: FILE_IS_PROVEN,
    permission: "audit.read",
    success: THE_LOG,
    handle: (request) => exportOf(request, ofProject(request.projectId)),
  }),
  defineRoute({
    method: "GET",
    path: "/organizations/{organizationId}/audit",
    operationId: "listOrganizationAuditEntries",
    tag: "Audit log",
    summary: "Who changed what in the organisation and in each of its projects, newest first.",
    permission: "audit.read",
    query: z.strictObject(pageQuery),
    success: PAGE_OF_ENTRIES,
    handle: (request) => {
      const { id } = organizationOf(request).organization;
      return pageOfEntries(request.services.db, ofOrganization(id), request.query);
    },
  }),
  defineRoute({
    method: "GET",
    path: "/organizations/{organizationId}/audit/export",
    operationId: "exportOrganizationAuditLog",
    tag: "Audit log",
    summary:
      "Streams the entries of the organisation and its projects, oldest first, with a signed head.",
    description: FILE_IS_PROVEN,
    permission: "audit.read",
    success: THE_LOG,
    handle: (request) => exportOf(request, ofOrganization(organizationOf(request).organization.id)),
  }),
];

async function pageOfEntries(
  db: Database,
  extent: AuditExtent,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
) {
  const [beforeSequence] = fromCursor(cursor, placeSchema) ?? [];
  const read = await listAuditEntries(db, { extent, beforeSequence, limit: limit + 1 });
  const { items, nextCursor } = cutPage(read, limit, ({ sequence }) => [sequence]);
  return { body: { items: items.map((row) => toEntryJson(row)), nextCursor } };
}

async function exportOf(
  { console, services, requestId }: Pick<ApiRequest, "console" | "services" | "requestId">,
  extent: AuditExtent,
) {
  const signingKey = await console.control.signingKey();
  const lines = exportAudit(services.db, { extent, now: services.now(), signingKey });
  const chunks = bodyStream(lines, (error) =>
    logError("an export of the audit log broke off", { requestId, error }),
  );
  return { stream: { mediaType: "application/x-ndjson", chunks } } as const;
}

function toEntryJson(row: AuditEntryRow): z.output<typeof entrySchema> {
  const { sequence, actor, action, subjectId, before, after } = row;
  const facts = { sequence, at: row.at.toISOString(), actor, action, subjectId, before, after };
  return { ...facts, hash: row.hash.toString("hex") };
}
