import { z } from "zod";
import { textStream } from "../../http/text-stream.ts";
import { logError } from "../../log.ts";
import { exportAudit } from "../../services/audit/export.ts";
import { listAuditEntries, type AuditEntryRow } from "../../services/audit/list.ts";
import { cutPage, fromCursor, pageOf, pageQuery } from "../paging.ts";
import { defineRoute, type ApiRoute } from "../route.ts";
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

export const auditRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/audit",
    operationId: "listAuditEntries",
    tag: "Audit log",
    summary: "Who changed what in the project, newest first.",
    permission: "audit.read",
    query: z.strictObject(pageQuery),
    success: { status: 200, description: "A page of entries.", schema: pageOf(entrySchema) },
    handle: async ({ services, projectId, query }) => {
      const { limit, cursor } = query;
      const [beforeSequence] = fromCursor(cursor, placeSchema) ?? [];
      const input = { projectId, beforeSequence, limit: limit + 1 };
      const read = await listAuditEntries(services.db, input);
      const { items, nextCursor } = cutPage(read, limit, ({ sequence }) => [sequence]);
      return { body: { items: items.map((row) => toEntryJson(row)), nextCursor } };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/audit/export",
    operationId: "exportAuditLog",
    tag: "Audit log",
    summary: "Streams the project's entries, oldest first, with a signed head.",
    description:
      "`lensai verify` checks the file without this console. It ends with the signed head: a file without it was cut off.",
    permission: "audit.read",
    success: { status: 200, description: "The log.", mediaTypes: ["application/x-ndjson"] },
    handle: async ({ console, services, projectId, requestId }) => {
      const signingKey = await console.control.signingKey();
      const lines = exportAudit(services.db, { projectId, now: services.now(), signingKey });
      const chunks = textStream(lines, (error) =>
        logError("an export of the audit log broke off", { requestId, error }),
      );
      return { stream: { mediaType: "application/x-ndjson", chunks } };
    },
  }),
];

function toEntryJson(row: AuditEntryRow): z.output<typeof entrySchema> {
  const { sequence, actor, action, subjectId, before, after } = row;
  const facts = { sequence, at: row.at.toISOString(), actor, action, subjectId, before, after };
  return { ...facts, hash: row.hash.toString("hex") };
}
