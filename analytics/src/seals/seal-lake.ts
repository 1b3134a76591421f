import { LensError } from "@lensai/otel-config/errors";
import type { SigningKeyPair } from "@lensai/otel-config/signing/ed25519";
import { CommitNames } from "../lake/commit-names.ts";
import { sealKey } from "../lake/layout.ts";
import type { Lake } from "../lake/open-lake.ts";
import { SEAL_TYPE, hashOfFiles, recordsOf, signSeal } from "./lake-seal.ts";
import type { LakeSeal, OpenedSeal } from "./lake-seal.ts";
import { LakeStates } from "./lake-states.ts";
import { newestSealNumber, readSeal } from "./read-seals.ts";

export interface SealOptions {
  readonly lake: Lake;
  readonly key: SigningKeyPair;
  readonly now: Date;
}

export interface SealOutcome {
  /** Of the seal that was written; undefined when none was due, or another console was faster. */
  readonly number: number | undefined;
}

/** A lake that is written to gets so many seals and no more: they are kept. */
const INTERVAL_MS = 600_000;
const NOT_DUE: SealOutcome = { number: undefined };

/**
 * Signs what counts in the lake now, if anything has changed since ten minutes ago or longer. Before, the manifest must
 * still say of the moment of the last seal what that says: nobody signs what was changed behind it. Safe beside landings,
 * compactions and itself, and to repeat wherever it is cut off.
 *
 * Rejects with `lake.not_as_sealed` when something was changed; with the LensError of the store, and can then be called
 * again.
 */
export async function sealLake({ lake, key, now }: SealOptions): Promise<SealOutcome> {
  const last = await lastSeal(lake, key.keyId);
  if (last !== undefined && now.getTime() - Date.parse(last.seal.sealedAt) < INTERVAL_MS) {
    return NOT_DUE;
  }
  const sealed = namesOf(last);
  const states = await LakeStates.read(lake, sealed);
  // Also where nothing is new: who has changed something is found out, and not only when the next records land.
  const isContinuous = last === undefined || isAsSealed(last, states);
  if (sealed.hasAll(states.now().names)) return NOT_DUE;
  const document = describe({ region: lake.region, now, last, isContinuous }, states);
  return (await put(lake, document, key)) ? { number: document.number } : NOT_DUE;
}

interface Moment {
  readonly region: string;
  readonly now: Date;
  readonly last: OpenedSeal | undefined;
  readonly isContinuous: boolean;
}

function describe({ region, now, last, isContinuous }: Moment, states: LakeStates): LakeSeal {
  const { names, files } = states.now();
  const records = recordsOf(files);
  return {
    type: SEAL_TYPE,
    formatVersion: 1,
    region,
    number: (last?.seal.number ?? 0) + 1,
    sealedAt: now.toISOString(),
    previousSha256: last?.sha256 ?? null,
    isContinuous,
    commits: names.ranges(),
    files: files.length,
    records,
    sizeBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    goneRecords: isContinuous ? goneBy(last, states, records) : (last?.seal.goneRecords ?? 0),
    filesSha256: hashOfFiles(files),
  };
}

export function namesOf(sealed: OpenedSeal | undefined): CommitNames {
  const names = new CommitNames();
  for (const range of sealed?.seal.commits ?? []) names.addRange(range);
  return names;
}

/** The newest one that is whole: one that a store without atomic puts cut off is written again. */
async function lastSeal(lake: Lake, keyId: string): Promise<OpenedSeal | undefined> {
  const newest = await newestSealNumber(lake);
  if (newest === undefined) return undefined;
  try {
    return await readSeal(lake, newest, keyId);
  } catch (error) {
    if (!(error instanceof LensError) || error.code !== "lake.file_corrupt") throw error;
    return newest === 1 ? undefined : await readSeal(lake, newest - 1, keyId);
  }
}

/** False where too much is gone to tell, as it may. Throws `lake.not_as_sealed` where something is different. */
export function isAsSealed(sealed: OpenedSeal, states: LakeStates): boolean {
  const { seal } = sealed;
  const names = namesOf(sealed);
  const state = states.after(names);
  const missing = names.size - state.names.size;
  if (missing > 0 && states.mayForget(names)) return false;
  if (missing > 0) {
    throw new LensError(
      "lake.not_as_sealed",
      `${missing} commits of the lake are missing that were there at ${seal.sealedAt}, when seal ${seal.number} was made`,
    );
  }
  if (hashOfFiles(state.files) === seal.filesSha256) return true;
  throw new LensError(
    "lake.not_as_sealed",
    `the manifest of the lake was changed: of ${seal.sealedAt} it says that ${state.files.length} files with ` +
      `${recordsOf(state.files)} records counted, and seal ${seal.number} of that moment is about ${seal.files} with ${seal.records}` +
      (state.files.length === seal.files ? ", and it says other things of them" : ""),
  );
}

/** In all since the first seal. */
function goneBy(last: OpenedSeal | undefined, states: LakeStates, records: number): number {
  if (last === undefined) return 0;
  const { seal } = last;
  const gone = seal.records + states.landedSince(namesOf(last)) - records;
  if (gone >= 0) return seal.goneRecords + gone;
  throw new LensError(
    "lake.not_as_sealed",
    `the manifest of the lake was changed: since seal ${seal.number} of ${seal.sealedAt}, ${-gone} records came that no landing brought`,
  );
}

/** False: another console has written this number. */
async function put(lake: Lake, document: LakeSeal, key: SigningKeyPair): Promise<boolean> {
  const { store, region } = lake;
  const place = sealKey(region, document.number);
  const body = signSeal(document, key);
  if ((await store.put(place, body, { ifAbsent: true })) === "created") return true;
  try {
    await readSeal(lake, document.number, key.keyId);
    return false;
  } catch (error) {
    if (!(error instanceof LensError) || error.code !== "lake.file_corrupt") throw error;
    await store.put(place, body);
    return true;
  }
}
