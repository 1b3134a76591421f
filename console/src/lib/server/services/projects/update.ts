import { and, eq, sql } from "drizzle-orm";
import { projects } from "../../db/schema/projects.ts";
import { appendAudit, lockAuditLog } from "../audit/append.ts";
import type { ServiceContext } from "../context.ts";
import { raiseControlVersion } from "../snapshot/raise-version.ts";
import type { ProjectRow } from "./access.ts";
import type { ProjectChange } from "./schemas.ts";

export interface UpdateProjectInput {
  readonly projectId: string;
  /** The version that whoever asks has seen; "any" changes it whatever it is. */
  readonly expectedVersion: number | "any";
  readonly change: ProjectChange;
}

export type UpdateProjectResult =
  | { readonly outcome: "updated"; readonly project: ProjectRow }
  | { readonly outcome: "unknown" }
  /** Somebody else was faster; nothing was changed. */
  | { readonly outcome: "conflict"; readonly currentVersion: number };

/** Changes a project, unless it is not at the expected version. The input is trusted: parse it first. */
export async function updateProject(
  context: ServiceContext,
  input: UpdateProjectInput,
  actor: string,
): Promise<UpdateProjectResult> {
  const { projectId, expectedVersion, change } = input;
  const now = context.now();
  return context.db.transaction(async (transaction) => {
    // Kill-switches and drills write to the project behind their entries.
    await lockAuditLog(transaction);
    const [before] = await transaction
      .select()
      .from(projects)
      .where(eq(projects.id, projectId))
      // Rows that name the project can be added meanwhile.
      .for("no key update");
    if (before === undefined) return { outcome: "unknown" };
    if (expectedVersion !== "any" && before.version !== expectedVersion) {
      return { outcome: "conflict", currentVersion: before.version };
    }
    const changed = changedFields(before, change);
    if (Object.keys(changed).length === 0) return { outcome: "updated", project: before };
    const [project] = await transaction
      .update(projects)
      .set({ ...changed, version: sql`${projects.version} + 1` })
      .where(and(eq(projects.id, projectId), eq(projects.version, before.version)))
      .returning();
    if (project === undefined) throw new Error("a locked project was changed by somebody else");
    await appendAudit(transaction, {
      at: now,
      actor,
      action: "project.update",
      projectId,
      subjectId: projectId,
      before: pick(before, Object.keys(changed)),
      after: changed,
    });
    await raiseControlVersion(transaction, now);
    return { outcome: "updated", project };
  });
}

/** Without what is the same: a change that changes nothing raises no version. */
function changedFields(before: ProjectRow, change: ProjectChange): Partial<ProjectRow> {
  const given = Object.entries(change).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    given.filter(([name, value]) => before[name as keyof ProjectRow] !== value),
  );
}

const pick = (row: ProjectRow, names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(names.map((name) => [name, row[name as keyof ProjectRow]]));
