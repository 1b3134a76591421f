import type { ServiceContext } from "../context.ts";
import { receiptsOf, type ReceiptsOverview } from "./propagation.ts";

/** What a page shows. */
const ANNOUNCEMENTS_SHOWN = 60;
/** What is asked for again whenever an acknowledgement comes in: those further back hardly change any more. */
export const ANNOUNCEMENTS_LIVE = 2;

/** What the pages and the API tell of processes, with so many of the newest announcements. */
export function receiptsOverview(
  { db, now }: Pick<ServiceContext, "db" | "now">,
  projectId: string,
  limit: number = ANNOUNCEMENTS_SHOWN,
): Promise<ReceiptsOverview> {
  return receiptsOf(db, { projectId, now: now(), limit });
}
