import { createHash } from "node:crypto";
import { LensError } from "@lensai/otel-config/errors";
import { z } from "zod";
import type { ListOrder, ListPart } from "../services/list-order.ts";

const PAGE_LIMIT_MAX = 1000;
const PAGE_LIMIT_DEFAULT = 100;
const CURSOR_CHARACTERS_MAX = 1024;

/** The query of every list. */
export const pageQuery = {
  limit: z
    .int()
    .min(1)
    .max(PAGE_LIMIT_MAX)
    .default(PAGE_LIMIT_DEFAULT)
    .describe("How many entries the page may have."),
  cursor: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, "is not a cursor of this API")
    .max(CURSOR_CHARACTERS_MAX)
    .optional()
    .describe("`nextCursor` of the page before; absent for the first page."),
};

/** A page of a list, and where the next one starts. */
export function pageOf<Item extends z.ZodType>(
  item: Item,
): z.ZodObject<{ items: z.ZodArray<Item>; nextCursor: z.ZodNullable<z.ZodString> }> {
  return z.strictObject({
    items: z.array(item),
    nextCursor: z
      .string()
      .nullable()
      .describe("Give it as `cursor` to get the next page; null on the last one."),
  });
}

/**
 * A cursor is the place of the last entry of a page, so that entries that come or go meanwhile neither repeat nor
 * hide others. What is in it is nobody's business but ours.
 */
export function toCursor(place: readonly (string | number | null)[]): string {
  return Buffer.from(JSON.stringify(place)).toString("base64url");
}

/** The place that a cursor names, read by `schema`; undefined without a cursor. */
export function fromCursor<Place>(
  cursor: string | undefined,
  schema: z.ZodType<Place>,
): Place | undefined {
  if (cursor === undefined) return undefined;
  const place = schema.safeParse(parsed(Buffer.from(cursor, "base64url").toString()));
  if (place.success) return place.data;
  throw new LensError(
    "query.invalid",
    `"cursor" is not one of this list: give "nextCursor" of its last page, or none`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Cuts what was read, one entry more than the page has, to a page. */
export function cutPage<Item>(
  read: readonly Item[],
  limit: number,
  placeOf: (last: Item) => readonly (string | number | null)[],
): { readonly items: readonly Item[]; readonly nextCursor: string | undefined } {
  const items = read.slice(0, limit);
  const last = items.at(-1);
  const isMore = read.length > limit && last !== undefined;
  return { items, nextCursor: isMore ? toCursor(placeOf(last)) : undefined };
}

interface PageQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** The page that a query asks for, of a list of the database that is read in an order. */
export async function readPage<Item>(
  { limit, cursor }: PageQuery,
  order: ListOrder<Item>,
  read: (part: ListPart) => Promise<readonly Item[]>,
): Promise<{ readonly items: readonly Item[]; readonly nextCursor: string | undefined }> {
  const after = fromCursor(cursor, order.placeSchema);
  return cutPage(await read({ limit: limit + 1, after }), limit, (last) => order.placeOf(last));
}

/** Where an entry of a ranking stands: the higher first, and of equals each in a place of its own. */
export interface Rank {
  readonly weights: readonly (number | bigint)[];
  /** JSON of what tells it from every other entry. */
  readonly identity: string;
}

/** The page that a query asks for, of a ranking that was read as a whole. */
export function pageOfRanking<Item>(
  whole: readonly Item[],
  { limit, cursor }: PageQuery,
  rankOf: (item: Item) => Rank,
): { readonly items: readonly Item[]; readonly nextCursor: string | undefined } {
  const after = fromCursor(cursor, rankPlaceSchema);
  const ranked = whole
    .map((item) => ({ item, place: rankPlace(rankOf(item)) }))
    .filter(({ place }) => after === undefined || comparePlaces(place, after) > 0)
    .toSorted((a, b) => comparePlaces(a.place, b.place));
  const { items, nextCursor } = cutPage(ranked, limit, ({ place }) => place);
  return { items: items.map(({ item }) => item), nextCursor };
}

/** Weights as digits, then a digest of the identity, which may be long. */
const rankPlaceSchema = z.tuple(
  [z.string().regex(/^[0-9a-f]{32}$/)],
  z.string().regex(/^\d{1,39}$/),
);
type RankPlace = z.output<typeof rankPlaceSchema>;

const DIGEST_CHARACTERS = 32;

function rankPlace({ weights, identity }: Rank): RankPlace {
  const digest = createHash("sha256").update(identity).digest("hex").slice(0, DIGEST_CHARACTERS);
  return [digest, ...weights.map(String)];
}

function comparePlaces([digestA, ...a]: RankPlace, [digestB, ...b]: RankPlace): number {
  for (const [index, weight] of a.entries()) {
    const difference = BigInt(b[index] ?? 0) - BigInt(weight);
    if (difference !== 0n) return difference < 0n ? -1 : 1;
  }
  if (digestA === digestB) return 0;
  return digestA < digestB ? -1 : 1;
}
