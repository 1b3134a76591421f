import type { ServiceContext } from "../context.ts";
import {
  connectedProcesses,
  propagationOf,
  stragglersOf,
  type ConnectedProcesses,
  type Propagation,
  type Straggler,
} from "./propagation.ts";

/** How far everything that was announced lately has got, and to whom not. */
export interface ReceiptsOverview {
  readonly processes: ConnectedProcesses;
  /** Newest first. */
  readonly announcements: readonly Propagation[];
  /** Of the newest. */
  readonly stragglers: readonly Straggler[];
}

const ANNOUNCEMENTS_SHOWN = 60;

export async function receiptsOverview(
  { db, now }: Pick<ServiceContext, "db" | "now">,
  projectId: string,
): Promise<ReceiptsOverview> {
  const question = { projectId, now: now() };
  const [processes, announcements, stragglers] = await Promise.all([
    connectedProcesses(db, question),
    propagationOf(db, { ...question, limit: ANNOUNCEMENTS_SHOWN }),
    stragglersOf(db, question),
  ]);
  return { processes, announcements, stragglers };
}
