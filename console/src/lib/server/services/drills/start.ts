import { appendAudit } from "../audit/append.ts";
import type { ServiceContext } from "../context.ts";
import { announce } from "../receipts/announce.ts";
import { raiseControlVersion } from "../snapshot/raise-version.ts";

const ID_RANDOM_BYTES = 9;

/**
 * A drill: every process of the project is told, and acknowledges, as with a kill-switch, and nothing is stopped. The
 * project must exist.
 */
export async function startDrill(
  context: ServiceContext,
  { projectId }: { readonly projectId: string },
  actor: string,
): Promise<{ id: string }> {
  const now = context.now();
  const id = `drill_${Buffer.from(context.randomBytes(ID_RANDOM_BYTES)).toString("base64url")}`;
  await context.db.transaction(async (transaction) => {
    const action = "kill_switch.drill";
    await appendAudit(transaction, { at: now, actor, action, projectId, subjectId: id });
    const version = await raiseControlVersion(transaction, now);
    await announce(transaction, {
      projectId,
      kind: "drill",
      subjectId: id,
      version,
      at: now,
      actor,
    });
  });
  return { id };
}
