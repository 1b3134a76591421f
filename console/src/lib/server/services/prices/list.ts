import { and, asc, eq } from "drizzle-orm";
import {
  PRICE_DOCUMENT_VERSION,
  parsePriceEntries,
} from "@lensai/otel-config/pricing/parse-price-entries";
import type { PriceEntry } from "@lensai/otel-config/pricing/price-layer";
import type { Database } from "../../db/client.ts";
import { priceStatements } from "../../db/schema/price-statements.ts";
import { listOrder, WHOLE_LIST, type ListPart } from "../list-order.ts";

/** A statement of a project, and its place among them. */
export interface RecordedPrice {
  /** 1 is the project's first. */
  readonly number: number;
  readonly entry: PriceEntry;
}

type Reader = Pick<Database, "select">;

/** The newest first. */
export const PRICE_ORDER = listOrder<RecordedPrice>({
  kind: "number",
  by: priceStatements.number,
  of: ({ number }) => number,
  isFalling: true,
});

/** The project's statements, in `PRICE_ORDER`. */
export async function listRecordedPrices(
  db: Reader,
  projectId: string,
  { limit, after }: ListPart = WHOLE_LIST,
): Promise<RecordedPrice[]> {
  const rows = await db
    .select()
    .from(priceStatements)
    .where(and(eq(priceStatements.projectId, projectId), PRICE_ORDER.isBehind(after)))
    .orderBy(...PRICE_ORDER.orderBy)
    .limit(limit);
  const entries = entriesOf(rows);
  return rows.flatMap(({ number }, index) => {
    const entry = entries[index];
    return entry === undefined ? [] : [{ number, entry }];
  });
}

type Row = typeof priceStatements.$inferSelect;

/** All that projects have said, as collectors are told: the earlier first. */
export async function recordedPriceDocument(db: Reader): Promise<unknown> {
  const rows = await db
    .select()
    .from(priceStatements)
    .orderBy(asc(priceStatements.projectId), asc(priceStatements.number));
  return documentOf(rows);
}

/** The same as entries. */
export async function recordedPrices(db: Reader): Promise<readonly PriceEntry[]> {
  return parsePriceEntries(await recordedPriceDocument(db)).entries;
}

const entriesOf = (rows: readonly Row[]): readonly PriceEntry[] =>
  parsePriceEntries(documentOf(rows)).entries;

function documentOf(rows: readonly Row[]): unknown {
  return {
    formatVersion: PRICE_DOCUMENT_VERSION,
    entries: rows.map(({ projectId, statement, recordedAt, recordedBy }) => ({
      project: projectId,
      ...statement,
      recordedAt: recordedAt.toISOString(),
      recordedBy,
    })),
  };
}
