import type { AlertKind, AlertSeverity } from "@lensai/otel-config/alerts/alert";
import { integer, jsonb, pgTable, text, timestamp } from "drizzle-orm/pg-core";
import { bytea } from "./bytea.ts";
import { projects } from "./projects.ts";

/** What may be shown of a channel. Nothing of it lets anybody send. */
export type ChannelConfig =
  | {
      readonly type: "slack";
      /** Slack's id of the channel: "C024BE91L". */
      readonly slackChannel: string;
      /** May the buttons of its messages be pressed? */
      readonly hasButtons: boolean;
      /** Slack's ids of the people who may press them; empty: everybody in the channel. */
      readonly buttonUsers: readonly string[];
    }
  /** The path of a webhook's URL is often the secret: only the origin is shown. */
  | { readonly type: "webhook"; readonly origin: string }
  | { readonly type: "email"; readonly addresses: readonly string[] };

/** Where alerts of a project go. A removed channel stays as a name in the history, without its secret. */
export const alertChannels = pgTable("alert_channels", {
  id: text().primaryKey(),
  projectId: text()
    .notNull()
    .references(() => projects.id),
  name: text().notNull(),
  config: jsonb().$type<ChannelConfig>().notNull(),
  /** JSON of ChannelSecret, sealed with the id of the channel. NULL: there is none. */
  sealedSecret: bytea(),
  kinds: text().array().$type<AlertKind[]>().notNull(),
  minimumSeverity: text().$type<AlertSeverity>().notNull(),
  createdAt: timestamp({ withTimezone: true }).notNull(),
  /** Raised by every change: whoever edits says which one was seen. */
  version: integer().notNull().default(1),
  removedAt: timestamp({ withTimezone: true }),
});
