import { eq, lt } from "drizzle-orm";
import { announcements, type AnnouncementKind } from "../../db/schema/announcements.ts";
import { projects } from "../../db/schema/projects.ts";
import { raiseControlVersion } from "../snapshot/raise-version.ts";
import type { Transaction } from "../snapshot/raise-version.ts";

export interface Announcement {
  readonly projectId: string;
  readonly kind: AnnouncementKind;
  /** Of the kill-switch, or of the drill. */
  readonly subjectId: string;
  /** That the control snapshot was raised to in this transaction. */
  readonly version: number;
  readonly at: Date;
  readonly actor: string;
}

/** Receipts are of use while somebody asks how the switch went. */
const KEPT_DAYS = 90;
const DAY_MS = 86_400_000;

/**
 * Has every process of the project acknowledge the version of a change. Call it in the transaction of the change. The
 * policies of the project then say something else than before, so that every process is told, whatever else changes.
 */
export async function announce(
  transaction: Transaction,
  { projectId, kind, subjectId, version, at, actor }: Announcement,
): Promise<void> {
  const outdated = new Date(at.getTime() - KEPT_DAYS * DAY_MS);
  await Promise.all([
    transaction.delete(announcements).where(lt(announcements.announcedAt, outdated)),
    transaction
      .insert(announcements)
      .values({ subjectId, kind, projectId, version, announcedAt: at, announcedBy: actor }),
    transaction
      .update(projects)
      .set({ announcedVersion: version })
      .where(eq(projects.id, projectId)),
  ]);
}

/** Raises the control version and announces what it was raised for. */
export async function raiseAndAnnounce(
  transaction: Transaction,
  announcement: Omit<Announcement, "version">,
): Promise<void> {
  const version = await raiseControlVersion(transaction, announcement.at);
  await announce(transaction, { ...announcement, version });
}
