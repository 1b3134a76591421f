import { and, asc, desc, eq, gt, lt, or, sql, type AnyColumn, type SQL } from "drizzle-orm";
import { z } from "zod";

/** The part of a list that is asked for: at most `limit` entries, of those that come behind `after`. */
export interface ListPart {
  readonly limit: number;
  readonly after?: Place | undefined;
}

/** Every entry, for lists that something else bounds. */
export const WHOLE_LIST: ListPart = { limit: Number.MAX_SAFE_INTEGER };

/** Where an entry stands in its list: one value per term of the order. Plain JSON, so that a cursor can carry it. */
type Place = readonly (string | number)[];

interface TextTerm<Entry> {
  readonly kind: "text";
  readonly by: AnyColumn;
  readonly of: (entry: Entry) => string;
}

interface TimeTerm<Entry> {
  readonly kind: "time";
  /** Written by this console, to the millisecond. */
  readonly by: AnyColumn;
  readonly of: (entry: Entry) => Date;
}

/** Not negative. */
interface NumberTerm<Entry> {
  readonly kind: "number";
  readonly by: AnyColumn;
  readonly of: (entry: Entry) => number;
}

/** False comes before true. */
interface FlagTerm<Entry> {
  readonly kind: "flag";
  readonly by: SQL;
  readonly of: (entry: Entry) => boolean;
}

export type OrderTerm<Entry> = (
  | TextTerm<Entry>
  | TimeTerm<Entry>
  | NumberTerm<Entry>
  | FlagTerm<Entry>
) & { readonly isFalling?: boolean };

/**
 * The order of a list, said once: for ORDER BY, for what comes behind a place, and for the place of an entry. No two
 * entries have the same place, so a list that is read part by part has each entry once, whatever comes or goes
 * meanwhile.
 */
export interface ListOrder<Entry> {
  readonly orderBy: readonly SQL[];
  /** Undefined, which every entry meets, without a place. */
  isBehind(place: Place | undefined): SQL | undefined;
  placeOf(entry: Entry): Place;
  /** Reads places that come from outside. */
  readonly placeSchema: z.ZodType<Place>;
}

/** The terms in falling weight; together they must tell any two entries apart. */
export function listOrder<Entry>(...terms: readonly OrderTerm<Entry>[]): ListOrder<Entry> {
  return {
    orderBy: terms.map(({ by, isFalling = false }) => (isFalling ? desc(by) : asc(by))),
    isBehind: (place) => (place === undefined ? undefined : behind(terms, place)),
    placeOf: (entry) => terms.map((term) => placeValue(term, entry)),
    placeSchema: placeSchemaOf(terms.map(({ kind }) => VALUE_SCHEMAS[kind])),
  };
}

/** (a, b) behind (x, y): a behind x, or a is x and b behind y. Written out, as the directions may differ. */
function behind<Entry>(terms: readonly OrderTerm<Entry>[], place: Place): SQL | undefined {
  const [term, ...rest] = terms;
  const [value, ...others] = place;
  if (term === undefined || value === undefined) return undefined;
  const { isFalling = false } = term;
  // Comparisons take expressions like columns; their types take one kind at a time.
  const by = term.by as AnyColumn;
  const bound = boundValue(term.kind, value);
  const isPast = isFalling ? lt(by, bound) : gt(by, bound);
  const isFurther = behind(rest, others);
  return isFurther === undefined ? isPast : or(isPast, and(eq(by, bound), isFurther));
}

function placeValue<Entry>(term: OrderTerm<Entry>, entry: Entry): string | number {
  switch (term.kind) {
    case "text":
      return term.of(entry);
    case "time":
      return term.of(entry).getTime();
    case "number":
      return term.of(entry);
    case "flag":
      return Number(term.of(entry));
  }
}

function boundValue(kind: OrderTerm<never>["kind"], value: string | number): unknown {
  switch (kind) {
    case "text":
    case "number":
      return value;
    case "time":
      return new Date(Number(value));
    case "flag":
      return sql`${value === 1}::boolean`;
  }
}

const TEXT_CHARACTERS_MAX = 512;
/** The end of the year 9999: what PostgreSQL and ISO 8601 write in four digits. */
const UNIX_MS_MAX = 253_402_300_799_999;

/** What a column of PostgreSQL's integers takes. */
const INTEGER_MAX = 2_147_483_647;

const VALUE_SCHEMAS = {
  text: z
    .string()
    .max(TEXT_CHARACTERS_MAX)
    .refine((text) => text.isWellFormed() && !text.includes("\u0000")),
  time: z.int().min(0).max(UNIX_MS_MAX),
  number: z.int().min(0).max(INTEGER_MAX),
  flag: z.int().min(0).max(1),
} as const;

function placeSchemaOf(values: readonly z.ZodType<string | number>[]): z.ZodType<Place> {
  const [first, ...rest] = values;
  if (first === undefined) throw new Error("an order needs at least one term");
  return z.tuple([first, ...rest]);
}
