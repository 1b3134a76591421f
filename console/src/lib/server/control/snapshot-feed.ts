import { seal, SNAPSHOT_PAYLOAD_TYPE } from "@lensai/otel-config/signing/envelope";
import type { SigningKeyPair } from "@lensai/otel-config/signing/ed25519";
import type { Database } from "../db/client.ts";
import { oneAtATime } from "../one-at-a-time.ts";
import {
  buildSnapshot,
  readControlVersion,
  serializeSnapshot,
  type SerializedSnapshot,
} from "../services/snapshot/build.ts";

/** A version of the control snapshot in the two forms in which it is served. */
export interface SealedSnapshot extends SerializedSnapshot {
  readonly version: number;
  /** Signed (DSSE), in one line. */
  readonly envelope: string;
}

interface SnapshotListener {
  /** There is a newer one. */
  readonly changed: (snapshot: SealedSnapshot) => void;
  /** The newest one still holds, as the database says just now. */
  readonly confirmed: () => void;
}

/** The newest control snapshot, made and signed once per version however many collectors want it. */
export interface SnapshotFeed {
  /** As the database has it now. */
  current(): Promise<SealedSnapshot>;
  /** Tells of every later one; versions that follow each other quickly are told as one. Returns what ends it. */
  subscribe(listener: SnapshotListener): () => void;
  /** Looks at the database, and tells; `version` is one that it is known to have. Never rejects. */
  refresh(version?: number): Promise<void>;
  readonly size: number;
}

export interface SnapshotFeedOptions {
  readonly db: Database;
  readonly signingKey: () => Promise<SigningKeyPair>;
  /** Told when the database begins to fail. */
  readonly onProblem: (error: unknown) => void;
  /** Told of every version that is new to this console. */
  readonly onChange?: () => void;
}

export function createSnapshotFeed({
  db,
  signingKey,
  onProblem,
  onChange,
}: SnapshotFeedOptions): SnapshotFeed {
  const listeners = new Set<SnapshotListener>();
  let newest: SealedSnapshot | undefined;
  /** That the database is known to have. */
  let announcedVersion = 0;
  let isFailing = false;

  const build = async (): Promise<SealedSnapshot> => {
    const isOutdated = newest !== undefined && newest.version < announcedVersion;
    if (newest !== undefined && !isOutdated && newest.version === (await readControlVersion(db))) {
      for (const listener of listeners) listener.confirmed();
      return newest;
    }
    announcedVersion = 0;
    const snapshot = await buildSnapshot(db);
    const serialized = serializeSnapshot(snapshot);
    const envelope = seal(SNAPSHOT_PAYLOAD_TYPE, serialized.json, await signingKey());
    const sealed = { ...serialized, version: snapshot.version, envelope };
    newest = sealed;
    for (const listener of listeners) listener.changed(sealed);
    onChange?.();
    return sealed;
  };
  const look = oneAtATime(build);
  return {
    current: look,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    refresh: async (version = 0) => {
      announcedVersion = Math.max(announcedVersion, version);
      try {
        await look();
        isFailing = false;
      } catch (error) {
        if (!isFailing) onProblem(error);
        isFailing = true;
      }
    },
    get size() {
      return listeners.size;
    },
  };
}
