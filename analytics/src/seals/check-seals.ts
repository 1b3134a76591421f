import { LensError } from "@lensai/otel-config/errors";
import type { Lake } from "../lake/open-lake.ts";
import { LakeStates } from "./lake-states.ts";
import type { OpenedSeal } from "./lake-seal.ts";
import { readNewestSeal, readSeal } from "./read-seals.ts";
import { isAsSealed, namesOf } from "./seal-lake.ts";

/** A seal that somebody has kept, by number and hash. */
export interface KeptSeal {
  readonly number: number;
  readonly sha256: string;
}

export interface SealCheck {
  readonly newest: OpenedSeal;
  /** Files that count and were not there yet; undefined: commits of that time are gone, and nobody can tell what was. */
  readonly filesSince: number | undefined;
  /** Seals that do not prove that nothing was changed since the one before them: the newest, those after the one kept. */
  readonly gaps: readonly number[];
}

export interface CheckOptions {
  /** Whose signature counts; that of whoever has signed the newest seal when absent. */
  readonly keyId: string | undefined;
  readonly since: KeptSeal | undefined;
}

/**
 * Compares the manifest of now with the newest seal, and the seals with one that was kept; undefined while there is none.
 * Throws `lake.not_as_sealed` with the first difference.
 */
export async function checkSeals(
  lake: Lake,
  { keyId, since }: CheckOptions,
): Promise<SealCheck | undefined> {
  const newest = await readNewestSeal(lake, keyId);
  if (newest === undefined) {
    if (since === undefined) return undefined;
    throw notAsSealed(`the lake has no seals, and seal ${since.number} was kept of it`);
  }
  const names = namesOf(newest);
  const states = await LakeStates.read(lake, names);
  const isKnown = isAsSealed(newest, states);
  const sealed = new Set(states.after(names).files.map(({ key }) => key));
  const fresh = states.now().files.filter(({ key }) => !sealed.has(key));
  return {
    newest,
    filesSince: isKnown ? fresh.length : undefined,
    gaps: await gapsSince(
      lake,
      newest,
      since ?? { number: newest.seal.number, sha256: newest.sha256 },
    ),
  };
}

/** Goes back from the newest seal to the one that was kept. */
async function gapsSince(lake: Lake, newest: OpenedSeal, kept: KeptSeal): Promise<number[]> {
  const gaps: number[] = [];
  let current = newest;
  if (kept.number > newest.seal.number) {
    throw notAsSealed(
      `the newest seal of the lake is ${newest.seal.number}, and seal ${kept.number} was kept of it`,
    );
  }
  if (!newest.seal.isContinuous) gaps.push(newest.seal.number);
  while (current.seal.number > kept.number) {
    const { number, previousSha256 } = current.seal;
    current = await readSeal(lake, number - 1, newest.keyId);
    if (current.sha256 !== previousSha256) {
      throw notAsSealed(
        `seal ${number - 1} of the lake is not the one that seal ${number} follows`,
      );
    }
    if (!current.seal.isContinuous && number - 1 > kept.number) gaps.push(number - 1);
  }
  if (current.sha256 !== kept.sha256) {
    throw notAsSealed(
      `seal ${kept.number} of the lake is not the one that was kept: its SHA-256 is ${current.sha256}`,
    );
  }
  return gaps.toReversed();
}

const notAsSealed = (message: string): LensError => new LensError("lake.not_as_sealed", message);
