import { parsePriceEntries, priceDocument } from "@lensai/otel-config/pricing/parse-price-entries";
import { PRICE_NAMES } from "@lensai/otel-config/pricing/unit-prices";
import type { BookPrices } from "@lensai/otel-config/pricing/unit-prices";
import { z } from "zod";

/** More come in several requests, which a body's size asks for anyway. */
const STATEMENTS_MAX = 100;

/** What somebody says about a price, in the form of a price document; project, time and person are known. */
export interface PriceStatement {
  /** Canonical, as the tier. */
  readonly provider: string;
  /** This or the next. */
  readonly model?: string;
  readonly modelPrefix?: string;
  readonly serviceTier: string;
  readonly prices?: BookPrices;
  readonly multiplier?: string;
  readonly except?: readonly string[];
  readonly withdrawn?: true;
  readonly validFrom?: string;
  readonly validUntil?: string;
  readonly source: string;
}

const amountSchema = z
  .union([z.string(), z.number()])
  .describe("US dollars: a number reads as its shortest decimal form, text has every digit.");

const priceSchema = z.union([
  amountSchema,
  z.strictObject({
    base: amountSchema,
    tiers: z
      .array(
        z.strictObject({
          start: z.int().min(0).describe("Input tokens above which the whole call has the price."),
          price: amountSchema,
        }),
      )
      .max(10),
  }),
]);

const textSchema = z.string().min(1).max(512);
const validSchema = z
  .string()
  .max(40)
  .describe("`2026-12-01`, which is its first moment in UTC, or `2026-12-01T08:00:00Z`.");

interface WrittenEntry extends PriceStatement {
  readonly recordedAt: string;
  readonly recordedBy: string;
}

/** One statement. The contract decides what is a price, so that the console takes what a collector can read. */
export const priceStatementSchema = z
  .strictObject({
    provider: textSchema.describe("Any spelling of `gen_ai.provider.name`."),
    model: textSchema.optional().describe("A name, which means its dated snapshots, too."),
    modelPrefix: z.string().max(512).optional().describe("In place of `model`: all that begin so."),
    serviceTier: textSchema.optional().describe("The standard tier, when absent."),
    prices: z
      .partialRecord(z.enum([...PRICE_NAMES]), priceSchema)
      .optional()
      .describe("What is not named stays. `_mtok` is per million tokens, `_kcount` per thousand."),
    multiplier: amountSchema
      .optional()
      .describe('In place of `prices`: all prices per token times this; "0.85" is 15 % off.'),
    except: z.array(z.enum([...PRICE_NAMES])).optional(),
    withdrawn: z
      .literal(true)
      .optional()
      .describe("In place of `prices`: what was said about the same thing before holds no longer."),
    validFrom: validSchema.optional(),
    validUntil: validSchema.optional(),
    source: textSchema.describe("Where it says so: a page, a contract."),
  })
  .transform((value, context): PriceStatement => {
    const entry = { ...value, recordedAt: "2026-01-01", recordedBy: "-" };
    const { entries, problems } = parsePriceEntries({ formatVersion: 1, entries: [entry] });
    for (const problem of problems) {
      const [, path = "", message = problem] = /^entries\[0\]\.?(.*?): (.*)$/.exec(problem) ?? [];
      context.addIssue({ code: "custom", message, path: path === "" ? [] : path.split(".") });
    }
    const [written] = (priceDocument(entries) as { entries: WrittenEntry[] }).entries;
    if (written === undefined) return z.NEVER;
    const { recordedAt: _at, recordedBy: _by, ...statement } = written;
    return statement;
  });

export const setPricesSchema = z.strictObject({
  overrides: z
    .array(priceStatementSchema)
    .min(1)
    .max(STATEMENTS_MAX)
    .describe("All of them are recorded, or none."),
});
