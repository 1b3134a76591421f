import { eq } from "drizzle-orm";
import { projects } from "../../db/schema/projects.ts";
import { appendAudit } from "../audit/append.ts";
import type { ServiceContext } from "../context.ts";
import { raiseControlVersion } from "../snapshot/raise-version.ts";

export interface RequireSignatureInput {
  readonly id: string;
  /** True: the project's exports must be signed. */
  readonly requireSignature: boolean;
}

/** False when there is no such project. */
export async function setRequireSignature(
  context: ServiceContext,
  { id, requireSignature }: RequireSignatureInput,
  actor: string,
): Promise<boolean> {
  const now = context.now();
  return context.db.transaction(async (transaction) => {
    const changed = await transaction
      .update(projects)
      .set({ requireSignature })
      .where(eq(projects.id, id))
      .returning({ id: projects.id });
    if (changed.length === 0) return false;
    await appendAudit(transaction, {
      at: now,
      actor,
      action: "project.require_signature",
      projectId: id,
      subjectId: id,
      after: { requireSignature },
    });
    await raiseControlVersion(transaction, now);
    return true;
  });
}
