import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  text,
  timestamp,
  uniqueIndex,
} from "drizzle-orm/pg-core";
import type { BudgetMode, FailMode, UnknownPricePolicy } from "@lensai/otel-config/control/budgets";
import type { CallScope, ScopeKey } from "@lensai/otel-config/control/call-scope";
import type { PeriodRule } from "../../../budgets/period.ts";
import { projects } from "./projects.ts";

/** What may be spent. Deleted ones stay as rows: the ledger and the audit log tell of them. */
export const budgets = pgTable(
  "budgets",
  {
    id: text().primaryKey(),
    projectId: text()
      .notNull()
      .references(() => projects.id),
    name: text().notNull(),
    scope: jsonb().$type<CallScope>().notNull(),
    /** Every value of this attribute has the whole amount for itself. */
    each: text().$type<ScopeKey>(),
    limitNanoUsd: bigint({ mode: "bigint" }).notNull(),
    period: jsonb().$type<PeriodRule>().notNull(),
    /** Shares of the limit at which somebody is told, rising. */
    thresholdsPercent: integer().array().notNull(),
    /** Somebody is told when the forecast for the end of the period is over the limit. */
    alertsOnForecast: boolean().notNull(),
    mode: text().$type<BudgetMode>().notNull(),
    failMode: text().$type<FailMode>().notNull(),
    unknownPrice: text().$type<UnknownPricePolicy>().notNull(),
    clamp: boolean().notNull(),
    /** Who answers for it; free text. */
    owner: text(),
    notes: text(),
    /** Raised by every change: who changes it names the one they saw. */
    version: integer().notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull(),
    createdBy: text().notNull(),
    updatedAt: timestamp({ withTimezone: true }).notNull(),
    updatedBy: text().notNull(),
    deletedAt: timestamp({ withTimezone: true }),
  },
  (table) => [
    uniqueIndex("budgets_name")
      .on(table.projectId, table.name)
      .where(sql`${table.deletedAt} is null`),
    check("budgets_limit", sql`${table.limitNanoUsd} > 0`),
  ],
);

/** Limits that are raised for a time, those that run and those that ran. */
export const budgetOverrides = pgTable(
  "budget_overrides",
  {
    id: text().primaryKey(),
    budgetId: text()
      .notNull()
      .references(() => budgets.id),
    projectId: text()
      .notNull()
      .references(() => projects.id),
    limitNanoUsd: bigint({ mode: "bigint" }).notNull(),
    reason: text().notNull(),
    startsAt: timestamp({ withTimezone: true }).notNull(),
    /** Exclusive. Moved to the moment at which somebody ended it early. */
    endsAt: timestamp({ withTimezone: true }).notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull(),
    createdBy: text().notNull(),
    /** Who ended it early. */
    endedBy: text(),
  },
  (table) => [
    index("budget_overrides_budget").on(table.budgetId, table.endsAt),
    check("budget_overrides_limit", sql`${table.limitNanoUsd} > 0`),
  ],
);
