import { LensError } from "@lensai/otel-config/errors";
import { sealKey, sealNumberOf, sealPrefix } from "../lake/layout.ts";
import type { Lake } from "../lake/open-lake.ts";
import { openSeal } from "./lake-seal.ts";
import type { OpenedSeal } from "./lake-seal.ts";

/** The number of the newest seal; undefined while there is none. */
export async function newestSealNumber({ store, region }: Lake): Promise<number | undefined> {
  let newest: number | undefined;
  for await (const { key } of store.list(sealPrefix(region))) newest = sealNumberOf(key) ?? newest;
  return newest;
}

/** Undefined while there is none. Throws as `readSeal` does. */
export async function readNewestSeal(
  lake: Lake,
  keyId: string | undefined,
): Promise<OpenedSeal | undefined> {
  const number = await newestSealNumber(lake);
  return number === undefined ? undefined : await readSeal(lake, number, keyId);
}

/**
 * Throws `lake.not_as_sealed` for a seal that was changed, or is not signed by the key where one is given;
 * `lake.file_corrupt` for one that is not whole.
 */
export async function readSeal(
  { store, region }: Lake,
  number: number,
  keyId: string | undefined,
): Promise<OpenedSeal> {
  const body = await store.get(sealKey(region, number));
  try {
    return openSeal(body, { number, keyId });
  } catch (error) {
    const where = `seal ${number} of the lake`;
    if (error instanceof SyntaxError)
      throw new LensError("lake.file_corrupt", `${where} is not whole`, { cause: error });
    if (error instanceof TypeError)
      throw new LensError("lake.not_as_sealed", `${where}: ${error.message}`, { cause: error });
    throw error;
  }
}
