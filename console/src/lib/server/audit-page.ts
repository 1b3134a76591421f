import { error } from "@sveltejs/kit";
import type { AuditExtent } from "@lensai/otel-config/audit/audit-export";
import { z } from "zod";
import type { LakeSealNote } from "../audit.ts";
import type { Console } from "./console.ts";
import { issuesText } from "./http/problem.ts";
import { loadLakeSeal } from "./lake/load-lake-seal.ts";
import { auditFacets, listAuditEntries, type AuditEntryRow } from "./services/audit/list.ts";
import { actorNames } from "./services/members/actor-names.ts";

export interface AuditPageInput {
  readonly extent: AuditExtent;
  /** Whose members the page names. */
  readonly organizationId: string;
  readonly query: URLSearchParams;
}

export interface AuditPage {
  readonly filters: { readonly actor: string | undefined; readonly action: string | undefined };
  readonly facets: Awaited<ReturnType<typeof auditFacets>>;
  readonly entries: readonly ReturnType<typeof toEntry>[];
  /** By actor. */
  readonly names: Readonly<Record<string, string>>;
  readonly isFirstPage: boolean;
  /** The entry that the next page begins behind. */
  readonly olderThan: number | undefined;
  /** Of the key that exports are signed with. */
  readonly publicKey: string;
  /** The newest seal of the lake, by the same key; undefined while there is none. */
  readonly lakeSeal: LakeSealNote | undefined;
  /** Why the database does not keep the console itself from changing the log. */
  readonly rightsProblem: string | undefined;
}

const ENTRIES_PER_PAGE = 50;

const querySchema = z.object({
  actor: z.string().max(200).optional(),
  action: z.string().max(100).optional(),
  before: z.coerce.number().int().min(1).optional(),
});

/** What a page of the audit log shows. Throws what SvelteKit makes a page of: 400 for a query that is none. */
export async function loadAuditPage(
  console: Console,
  { extent, organizationId, query }: AuditPageInput,
): Promise<AuditPage> {
  const { db } = console.services;
  const given = [...query].filter(([, value]) => value !== "");
  const parsed = querySchema.safeParse(Object.fromEntries(given));
  if (!parsed.success) error(400, issuesText(parsed.error));
  const { actor, action, before: beforeSequence } = parsed.data;
  const input = { extent, actor, action, beforeSequence, limit: ENTRIES_PER_PAGE + 1 };
  const [rows, facets, { keyId }] = await Promise.all([
    listAuditEntries(db, input),
    auditFacets(db, extent),
    console.control.signingKey(),
  ]);
  const entries = rows.slice(0, ENTRIES_PER_PAGE).map(toEntry);
  return {
    filters: { actor, action },
    facets,
    entries,
    names: await actorNames(db, organizationId, facets.actors),
    isFirstPage: beforeSequence === undefined,
    olderThan: rows.length > ENTRIES_PER_PAGE ? entries.at(-1)?.sequence : undefined,
    publicKey: keyId,
    lakeSeal: await loadLakeSeal(console.lake, keyId),
    rightsProblem: console.databaseWarning(),
  };
}

function toEntry(row: AuditEntryRow) {
  const { sequence, at, actor, action, subjectId, projectId, before, after } = row;
  const hash = row.hash.toString("hex");
  return { sequence, at, actor, action, subjectId, projectId, before, after, hash };
}
