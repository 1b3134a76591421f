import { LensError } from "@lensai/otel-config/errors";
import { CommitNames } from "./commit-names.ts";
import type { NameRange } from "./commit-names.ts";
import { MAX_MANIFEST_BYTES, parseManifest, serialiseManifest } from "./manifest.ts";
import type { ManifestCommit } from "./manifest.ts";

/**
 * A commit that says again what all commits before it say together: it adds every file that counts. Who has read it
 * needs none of those that it names, and they may be deleted. `remove` has the files that are removed although no
 * commit that adds them was known.
 */
export interface Checkpoint extends ManifestCommit {
  /** What it stands for. */
  readonly names: CommitNames;
  /** When the latest of these was committed: ISO 8601 UTC. */
  readonly lastCommittedAt: string | undefined;
}

const PREFIX = "checkpoint-";

/** Checkpoints are numbered, and each holds all before it: who writes number n has read number n - 1. */
export function checkpointName(number: number): string {
  return PREFIX + String(number).padStart(10, "0");
}

/** The number in the name of a checkpoint; undefined for the name of another commit. */
export function checkpointNumber(name: string): number | undefined {
  const number = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length)) : Number.NaN;
  return Number.isSafeInteger(number) && checkpointName(number) === name ? number : undefined;
}

/** Undefined where it would be larger than a reader takes. */
export function serialiseCheckpoint(checkpoint: Checkpoint): Uint8Array | undefined {
  const { names, lastCommittedAt } = checkpoint;
  const body = serialiseManifest(checkpoint, { taken: names.ranges(), lastCommittedAt });
  return body.length > MAX_MANIFEST_BYTES ? undefined : body;
}

/** Throws `lake.file_corrupt` for anything that is not a whole checkpoint. */
export function parseCheckpoint(body: Uint8Array, key: string): Checkpoint {
  const commit = parseManifest(body, key);
  const { taken, lastCommittedAt } = commit as ManifestCommit & {
    taken?: unknown;
    lastCommittedAt?: unknown;
  };
  if (!Array.isArray(taken) || !taken.every((range) => isRange(range))) {
    throw new LensError("lake.file_corrupt", `manifest ${key} is not usable: "taken" is wrong`);
  }
  const names = new CommitNames();
  for (const range of taken) names.addRange(range);
  return {
    ...commit,
    names,
    lastCommittedAt: typeof lastCommittedAt === "string" ? lastCommittedAt : undefined,
  };
}

function isRange(value: unknown): value is NameRange {
  if (typeof value !== "object" || value === null) return false;
  const { first, last } = value as Partial<Record<keyof NameRange, unknown>>;
  return typeof first === "string" && typeof last === "string";
}
