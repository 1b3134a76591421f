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

/** What a page shows. */
const ANNOUNCEMENTS_SHOWN = 60;
/** What is asked for again whenever an acknowledgement comes in: those further back hardly change any more. */
export const ANNOUNCEMENTS_LIVE = 4;

export async function receiptsOverview(
  { db, now }: Pick<ServiceContext, "db" | "now">,
  projectId: string,
  limit: number = ANNOUNCEMENTS_SHOWN,
): Promise<ReceiptsOverview> {
  const question = { projectId, now: now() };
  const [processes, announcements, stragglers] = await Promise.all([
    connectedProcesses(db, question),
    propagationOf(db, { ...question, limit }),
    stragglersOf(db, question),
  ]);
  return { processes, announcements, stragglers };
}
