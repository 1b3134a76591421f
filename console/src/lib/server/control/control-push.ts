import type { SigningKeyPair } from "@lensai/otel-config/signing/ed25519";
import { CHANNELS, createNotices } from "../db/notices.ts";
import { logError } from "../log.ts";
import { ensureConsoleKey } from "../services/console-key/ensure.ts";
import { rollOver } from "../services/budgets/roll-over.ts";
import type { ServiceContext } from "../services/context.ts";
import { createProjectListeners, type ProjectListeners } from "./project-listeners.ts";
import { createRolloverJob } from "./rollover-job.ts";
import { createSnapshotFeed, type SnapshotFeed } from "./snapshot-feed.ts";

/** Changes of control on their way out of the database, whichever console they were made at. */
export interface ControlPush {
  /** What collectors are told. */
  readonly snapshots: SnapshotFeed;
  /** That everything of this console is signed with. */
  signingKey(): Promise<SigningKeyPair>;
  /** Pages that show who has acknowledged what. */
  readonly receipts: ProjectListeners;
  /** Aborted when the process is about to end: streams must end, too. */
  readonly ending: AbortSignal;
  /** Begins to listen to the database, which must be prepared. */
  start(): void;
  endStreams(): void;
  /** Safe twice and before start. */
  stop(): Promise<void>;
}

/** Other parts of the console that changes in the database concern. */
export interface ControlListeners {
  /** There may be an alert to send. */
  readonly onAlerts: () => void;
  /** Something that collectors must know has changed. */
  readonly onControl: () => void;
  /** Something has landed in the lake. */
  readonly onLanding: () => void;
}

export function createControlPush(
  databaseUrl: string,
  services: ServiceContext,
  { onAlerts, onControl, onLanding }: ControlListeners,
): ControlPush {
  const ending = new AbortController();
  const rollovers = createRolloverJob({
    rollOver: () => rollOver(services),
    now: services.now,
    onProblem: (error) => logError("budgets cannot begin their next period", { error }),
  });
  const signingKey = onceResolved(() => ensureConsoleKey(services));
  const snapshots = createSnapshotFeed({
    db: services.db,
    signingKey,
    onProblem: (error) => {
      if (ending.signal.aborted) return;
      const message = "the control snapshot cannot be read: collectors go on with what they know";
      logError(message, { error });
    },
    // Whatever changes a budget raises the version.
    onChange: () => void rollovers.wake(),
  });
  const receipts = createProjectListeners();
  const notices = createNotices({
    databaseUrl,
    db: services.db,
    onNotice: (channel, payload) => {
      if (channel === CHANNELS.control) {
        // Others can wait until it is on its way to the collectors.
        void snapshots.refresh(Number(payload)).then(onControl);
      }
      if (channel === CHANNELS.alerts) onAlerts();
      if (channel === CHANNELS.landings) onLanding();
      if (channel === CHANNELS.receipts) receipts.notify(payload);
    },
    onCheck: () => void snapshots.refresh(),
  });
  return {
    snapshots,
    signingKey,
    receipts,
    ending: ending.signal,
    start: () => notices.start(),
    endStreams: () => ending.abort(),
    stop: async () => {
      ending.abort();
      rollovers.stop();
      await notices.stop();
    },
  };
}

/** The result of the first call that succeeds. */
function onceResolved<T>(work: () => Promise<T>): () => Promise<T> {
  let resolved: Promise<T> | undefined;
  return () => {
    resolved ??= work().catch((error: unknown) => {
      resolved = undefined;
      throw error;
    });
    return resolved;
  };
}
