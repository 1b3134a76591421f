import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  date,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  timestamp,
} from "drizzle-orm/pg-core";
import { bytea } from "./bytea.ts";
import { projects } from "./projects.ts";

const ofTenant = () => ({
  projectId: text()
    .notNull()
    .references(() => projects.id),
  tenant: text().notNull(),
});

/** How a project charges its customers through Stripe. */
export const billingSetups = pgTable(
  "billing_setups",
  {
    projectId: text()
      .primaryKey()
      .references(() => projects.id),
    /** Random; part of what meter events are known by, so that two installations on one account never meet. */
    id: text().notNull(),
    /** The secret key of the Stripe account, sealed with the project's id. */
    sealedKey: bytea().notNull(),
    /** What may be shown of it: `sk_test_...4242`. */
    keyHint: text().notNull(),
    eventName: text().notNull(),
    meterId: text().notNull(),
    /** A micro-USD each: what subscriptions of customers need. */
    priceId: text().notNull(),
    /** For days that are not charged yet. 100 are 1 %. */
    markupBasisPoints: integer().notNull(),
    /** The first day that is charged, in UTC. */
    startsOn: date({ mode: "string" }).notNull(),
    isPaused: boolean().notNull(),
    /** Raised by every change: whoever edits says which one was seen. */
    version: integer().notNull().default(1),
    createdAt: timestamp({ withTimezone: true }).notNull(),
    /** Why charges do not reach Stripe at the moment. */
    problem: text(),
  },
  (table) => [
    check("billing_setups_markup", sql`${table.markupBasisPoints} between 0 and 1000000`),
  ],
);

/** Which customer of the Stripe account pays for which tenant. */
export const billingCustomers = pgTable(
  "billing_customers",
  {
    ...ofTenant(),
    customerId: text().notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.projectId, table.tenant] })],
);

/** What a tenant is charged for a day. Its meter events always come to `amountMicroUsd`. */
export const billingLines = pgTable(
  "billing_lines",
  {
    ...ofTenant(),
    /** UTC. */
    day: date({ mode: "string" }).notNull(),
    /** As it was when the day was charged first: corrections go where the charge went. */
    customerId: text().notNull(),
    markupBasisPoints: integer().notNull(),
    calls: bigint({ mode: "number" }).notNull(),
    unpricedCalls: bigint({ mode: "number" }).notNull(),
    costNanoUsd: bigint({ mode: "bigint" }).notNull(),
    estimatedNanoUsd: bigint({ mode: "bigint" }).notNull(),
    amountNanoUsd: bigint({ mode: "bigint" }).notNull(),
    amountMicroUsd: bigint({ mode: "bigint" }).notNull(),
    /** Raised by every correction. */
    revision: integer().notNull(),
    changedAt: timestamp({ withTimezone: true }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.projectId, table.tenant, table.day] }),
    index("billing_lines_day").on(table.projectId, table.day, table.tenant),
  ],
);

/** `unsure`: it may or may not have arrived, and Stripe no longer knows a repeat by its identifier. */
export type MeterEventState = "waiting" | "sent" | "refused" | "unsure";

/** What Stripe's meter is told: an outbox, and the history of it. */
export const billingMeterEvents = pgTable(
  "billing_meter_events",
  {
    identifier: text().primaryKey(),
    ...ofTenant(),
    day: date({ mode: "string" }).notNull(),
    customerId: text().notNull(),
    /** Negative where a correction takes something back. */
    valueMicroUsd: bigint({ mode: "bigint" }).notNull(),
    /** When the usage was, for Stripe: decides which invoice it is on. */
    occurredAt: timestamp({ withTimezone: true }).notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull(),
    state: text().$type<MeterEventState>().notNull(),
    attempts: integer().notNull().default(0),
    firstAttemptAt: timestamp({ withTimezone: true }),
    nextAttemptAt: timestamp({ withTimezone: true }).notNull(),
    sentAt: timestamp({ withTimezone: true }),
    problem: text(),
  },
  (table) => [
    index("billing_meter_events_line").on(table.projectId, table.tenant, table.day),
    index("billing_meter_events_open")
      .on(table.projectId, table.nextAttemptAt)
      .where(sql`${table.state} in ('waiting', 'unsure')`),
  ],
);
