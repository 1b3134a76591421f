/**
 * The only place that builds or reads an object key of the lake:
 *
 *     spans/v1/region=<r>/dt=<UTC day of start_time>/<name>.parquet
 *     content/v1/region=<r>/dt=<UTC day of start_time>/<name>.parquet
 *     corrections/v1/region=<r>/dt=<UTC day of the corrected row>/<name>.parquet
 *     manifest/v1/region=<r>/dt=<UTC day of landing>/<name>.json
 *     manifest/v1/region=<r>/dt=9999-12-31/<name>.json            (swaps of compaction)
 *     seals/v1/region=<r>/<10 digits>.json
 */
export type FileKind = "spans" | "content" | "corrections";

export interface LakeKey {
  readonly kind: FileKind | "manifest";
  readonly region: string;
  /** Days since 1970-01-01, UTC. */
  readonly day: number;
  /** The landing's name, shared by all its objects. */
  readonly name: string;
}

const DAY_MS = 86_400_000;
/** 9999-12-31: the last day that fits YYYY-MM-DD. */
const MAX_DAY = 2_932_896;
/** Swaps of compaction are filed under the last day there is: behind all landings, where every poll comes by. */
export const SWAP_DAY = MAX_DAY;
/** No capital letters: folders of some systems do not tell them apart. */
const REGION = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const NAME = /^[a-z0-9](?:[a-z0-9._-]{0,126}[a-z0-9])?$/;
const KEY =
  /^(?:(spans|content|corrections)(?=.*\.parquet$)|(manifest)(?=.*\.json$))\/v1\/region=([^/]+)\/dt=(\d{4}-\d{2}-\d{2})\/([^/]+)\.[a-z]+$/;

const SEAL_DIGITS = 10;
const SEAL_NAME = /^seals\/v1\/region=[^/]+\/(\d{10})\.json$/;

export function isRegion(text: string): boolean {
  return REGION.test(text);
}

/** Builds a key. Throws RangeError for a region, day or name that a key cannot hold. */
export function lakeKey({ kind, region, day, name }: LakeKey): string {
  if (!NAME.test(name)) {
    throw new RangeError(
      `landing name ${JSON.stringify(name)} cannot be used: 1 to 128 of a-z, 0-9, dot, dash and underscore`,
    );
  }
  const extension = kind === "manifest" ? "json" : "parquet";
  return `${dayPrefix({ kind, region, day })}${name}.${extension}`;
}

/** The folder of a day, with its closing slash. */
export function dayPrefix({ kind, region, day }: Omit<LakeKey, "name">): string {
  return `${regionPrefix({ kind, region })}dt=${dayText(day)}/`;
}

/** The folder of the seals of a region, with its closing slash. */
export function sealPrefix(region: string): string {
  return regionPrefix({ kind: "seals", region });
}

/** Numbers are equally wide: keys sort as they do. */
export function sealKey(region: string, number: number): string {
  return `${sealPrefix(region)}${String(number).padStart(SEAL_DIGITS, "0")}.json`;
}

/** The number of a seal; undefined for a key of something else. */
export function sealNumberOf(key: string): number | undefined {
  const digits = SEAL_NAME.exec(key)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The folder of a region, with its closing slash. */
export function regionPrefix({
  kind,
  region,
}: {
  readonly kind: LakeKey["kind"] | "seals";
  readonly region: string;
}): string {
  if (!isRegion(region)) throw new RangeError(`region ${JSON.stringify(region)} cannot be used`);
  return `${kind}/v1/region=${region}/`;
}

/** Reads a key back; undefined for a key that the lake did not build. */
export function parseLakeKey(key: string): LakeKey | undefined {
  const [, dataKind, manifest, region = "", dayName = "", name = ""] = KEY.exec(key) ?? [];
  const kind = (dataKind ?? manifest) as LakeKey["kind"];
  const day = Date.parse(dayName) / DAY_MS;
  const isOurs = isRegion(region) && NAME.test(name) && isDay(day) && dayText(day) === dayName;
  return isOurs ? { kind, region, day, name } : undefined;
}

/** The UTC day of a moment, in days since 1970-01-01. */
export function dayOf(moment: Date): number {
  return Math.floor(moment.getTime() / DAY_MS);
}

function dayText(day: number): string {
  if (!isDay(day)) throw new RangeError(`day ${day} cannot be used: 0 (1970) to ${MAX_DAY} (9999)`);
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

function isDay(day: number): boolean {
  return Number.isInteger(day) && day >= 0 && day <= MAX_DAY;
}
