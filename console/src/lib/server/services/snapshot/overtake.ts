import { appendAudit, lockAuditLog } from "../audit/append.ts";
import type { ServiceContext } from "../context.ts";
import { readControlVersion } from "./build.ts";
import { raiseControlVersionAbove } from "./raise-version.ts";

/**
 * A collector knows a newer version than there is: the database was set back to an earlier state. Collectors
 * refuse to go back, so the version is raised above theirs. False when there is nothing to overtake.
 */
export async function overtakeVersion(
  context: ServiceContext,
  knownVersion: number,
  actor: string,
): Promise<boolean> {
  if (knownVersion <= (await readControlVersion(context.db))) return false;
  const now = context.now();
  return context.db.transaction(async (transaction) => {
    // Every other change raises the version behind its entry.
    await lockAuditLog(transaction);
    const version = await raiseControlVersionAbove(transaction, knownVersion, now);
    await appendAudit(transaction, {
      at: now,
      actor,
      action: "control_version.overtake",
      projectId: undefined,
      subjectId: String(version),
      before: { knownVersion },
      after: { version },
    });
    return true;
  });
}
