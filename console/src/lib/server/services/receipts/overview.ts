import type { ServiceContext } from "../context.ts";
import {
  collectorsSilentSince,
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
  /** Nobody tells processes anything since then; null while a collector is heard. */
  readonly silentSinceUnixMs: number | null;
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
  const [processes, silentSince, announcements, stragglers] = await Promise.all([
    connectedProcesses(db, question),
    collectorsSilentSince(db, question.now),
    propagationOf(db, { ...question, limit }),
    stragglersOf(db, question),
  ]);
  return {
    processes,
    silentSinceUnixMs: silentSince?.getTime() ?? null,
    announcements,
    stragglers,
  };
}
