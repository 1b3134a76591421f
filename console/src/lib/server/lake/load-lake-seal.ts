import type { LakeSealNote } from "../../audit.ts";
import { reasonOf } from "../prepare-database.ts";
import { withTimeout } from "../with-timeout.ts";
import type { LakeReader } from "./lake-reader.ts";

/** A page that is about something else waits no longer for a store that is away. */
const WAIT_MS = 2000;

/** What a page says of the newest seal, whether or not the lake can be read; undefined while there is none. */
export async function loadLakeSeal(
  lake: Pick<LakeReader, "newestSeal">,
  keyId: string,
  waitMs: number = WAIT_MS,
): Promise<LakeSealNote | undefined> {
  try {
    const newest = await withTimeout(lake.newestSeal(keyId), waitMs);
    if (newest === undefined) return undefined;
    const { number, sealedAt } = newest.seal;
    return { kept: `${number}:${newest.sha256}`, sealedAtMs: Date.parse(sealedAt) };
  } catch (failure) {
    return { problem: reasonOf(failure) };
  }
}
