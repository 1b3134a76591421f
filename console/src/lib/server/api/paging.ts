import { LensError } from "@lensai/otel-config/errors";
import { z } from "zod";

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
