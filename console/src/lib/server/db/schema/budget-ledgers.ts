import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  index,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
} from "drizzle-orm/pg-core";
import { budgets } from "./budgets.ts";
import { projects } from "./projects.ts";

/** Which ledger a row is of. */
const ledgerKey = () => ({
  projectId: text()
    .notNull()
    .references(() => projects.id),
  budgetId: text()
    .notNull()
    .references(() => budgets.id),
  /** "" when the budget is for all together. */
  value: text().notNull(),
  periodStartsAt: timestamp({ withTimezone: true }).notNull(),
});

/**
 * What was spent of a budget, by period and, where it is kept for each value of an attribute, by value. What calls
 * hold is not here: it follows from the leases.
 */
export const budgetLedgers = pgTable(
  "budget_ledgers",
  {
    ...ledgerKey(),
    /** What the calls are billed that are in the lake: the sum of `budget_spend`. */
    settledNanoUsd: bigint({ mode: "bigint" })
      .notNull()
      .default(sql`0`),
  },
  (table) => [primaryKey({ columns: [table.budgetId, table.value, table.periodStartsAt] })],
);

/** What processes may spend without asking, and what they say of it; see `LeaseState`. */
export const budgetLeases = pgTable(
  "budget_leases",
  {
    id: text().primaryKey(),
    ...ledgerKey(),
    /** Of one start of one process. */
    instanceId: text().notNull(),
    sequence: bigint({ mode: "number" }).notNull(),
    grantedNanoUsd: bigint({ mode: "bigint" }).notNull(),
    spentNanoUsd: bigint({ mode: "bigint" }).notNull(),
    reservedNanoUsd: bigint({ mode: "bigint" }).notNull(),
    incurredNanoUsd: bigint({ mode: "bigint" }).notNull(),
    uncertainNanoUsd: bigint({ mode: "bigint" })
      .notNull()
      .default(sql`0`),
    landedNanoUsd: bigint({ mode: "bigint" })
      .notNull()
      .default(sql`0`),
    openedAt: timestamp({ withTimezone: true }).notNull(),
    reportedAt: timestamp({ withTimezone: true }).notNull(),
    isClosed: boolean().notNull(),
  },
  (table) => [
    // Of a period with thousands of process starts, only those that still count are summed up.
    index("budget_leases_unsettled")
      .on(table.budgetId, table.value, table.periodStartsAt)
      .where(
        sql`not (${table.isClosed} and ${table.landedNanoUsd} >= ${table.spentNanoUsd} and ${table.uncertainNanoUsd} = 0)`,
      ),
    check(
      "budget_leases_amounts",
      sql`${table.grantedNanoUsd} >= 0 and ${table.spentNanoUsd} >= 0 and ${table.reservedNanoUsd} >= 0 and ${table.incurredNanoUsd} >= 0 and ${table.uncertainNanoUsd} >= 0 and ${table.landedNanoUsd} >= 0`,
    ),
  ],
);

/** When processes are heard at all: one row. See `leaseTimesAt`. */
export const ledgerHearing = pgTable(
  "ledger_hearing",
  {
    id: smallint().primaryKey(),
    heardAt: timestamp({ withTimezone: true }).notNull(),
    /** The last time in which none was. */
    silentFrom: timestamp({ withTimezone: true }).notNull(),
    resumedAt: timestamp({ withTimezone: true }).notNull(),
  },
  (table) => [check("ledger_hearing_one_row", sql`${table.id} = 1`)],
);

/**
 * What the records in the lake say was spent, by the quarter of an hour in which calls started: the pieces that are
 * counted again when records land. Written only by who settles.
 */
export const budgetSpend = pgTable(
  "budget_spend",
  {
    ...ledgerKey(),
    cellStartsAt: timestamp({ withTimezone: true }).notNull(),
    /** "" for calls that were made without a lease. */
    leaseId: text().notNull(),
    costNanoUsd: bigint({ mode: "bigint" }).notNull(),
    /** What the guard has charged the lease for the same calls. */
    chargedNanoUsd: bigint({ mode: "bigint" }).notNull(),
    unpricedCalls: bigint({ mode: "number" }).notNull(),
  },
  (table) => [
    primaryKey({
      columns: [
        table.budgetId,
        table.cellStartsAt,
        table.value,
        table.periodStartsAt,
        table.leaseId,
      ],
    }),
    index("budget_spend_project").on(table.projectId, table.cellStartsAt),
  ],
);

/** How far a budget's ledgers are counted. */
export const budgetSettlements = pgTable("budget_settlements", {
  budgetId: text()
    .primaryKey()
    .references(() => budgets.id),
  projectId: text()
    .notNull()
    .references(() => projects.id),
  /** Scope, attribute and period by which they were counted: other ones count anew. */
  countedBy: text().notNull(),
  /** Spend of calls that started from here on is counted. */
  countedFrom: timestamp({ withTimezone: true }).notNull(),
  settledAt: timestamp({ withTimezone: true }).notNull(),
});
