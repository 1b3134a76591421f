import type { ProcessKind } from "@lensai/otel-config/control/acknowledgements";
import { bigint, boolean, index, pgTable, primaryKey, text, timestamp } from "drizzle-orm/pg-core";

/** The processes that have their policy from a collector. Written when something changes, and not when they live on. */
export const processes = pgTable(
  "processes",
  {
    projectId: text().notNull(),
    instanceId: text().notNull(),
    serviceName: text().notNull(),
    kind: text().$type<ProcessKind>().notNull(),
    collectorId: text().notNull(),
    /** Of the policy that holds in it; 0: it has not acknowledged any. */
    version: bigint({ mode: "number" }).notNull(),
    startedAt: timestamp({ withTimezone: true }).notNull(),
    isConnected: boolean().notNull(),
    /** When its collector last reported a change of it. */
    seenAt: timestamp({ withTimezone: true }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.projectId, table.instanceId] }),
    index("processes_collector").on(table.collectorId),
  ],
);
