import { randomBytes } from "node:crypto";
import type { AlertSeverity } from "@lensai/otel-config/alerts/alert";
import { eq, sql } from "drizzle-orm";
import { createDeliveryJob, type DeliveryJob } from "#lib/server/alerts/delivery-job.ts";
import type { SendAlert } from "#lib/server/alerts/delivery.ts";
import { createSlackSender } from "#lib/server/alerts/slack/send.ts";
import type { Database } from "#lib/server/db/client.ts";
import { alertDeliveries } from "#lib/server/db/schema/alert-deliveries.ts";
import { createSecretBox } from "#lib/server/secrets/secret-box.ts";
import type { AlertContext } from "#lib/server/services/alerts/context.ts";
import { createAlertChannel } from "#lib/server/services/alerts/create-channel.ts";
import { recordAlerts, type AlertOccurrence } from "#lib/server/services/alerts/record-alerts.ts";
import { createChannelSchema, SUBSCRIBABLE_KINDS } from "#lib/server/services/alerts/schemas.ts";
import { ensureProject } from "#lib/server/services/projects/create.ts";
import { asOwner, createTestDatabase } from "./database.ts";
import { startSlackServer, type SlackServer } from "./slack-server.ts";

export const SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5".replaceAll(/[^0-9a-f]/g, "0");
export const SLACK_CHANNEL = "C024BE91L";

/** Alerts on a real database, with a clock that the test moves and a server that stands for Slack. */
export interface AlertRig {
  readonly context: AlertContext;
  /** Of the database. */
  readonly url: string;
  readonly slack: SlackServer;
  readonly sendToSlack: SendAlert;
  /** Started; ends with the rig. */
  job(send?: SendAlert, db?: Database): DeliveryJob;
  advance(ms: number): void;
  /** Adds a Slack channel; answers its id. */
  slackChannel(values?: object): Promise<string>;
  record(...occurrences: AlertOccurrence[]): Promise<string[]>;
  delivery(eventId: string): Promise<typeof alertDeliveries.$inferSelect | undefined>;
  /** Ends the jobs and forgets every channel, alert and message. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

export const CONSOLE_URL = "http://localhost:3000/projects/shop/control";
const SLACK_TIMEOUT_MS = 500;

const random = (length: number): Uint8Array => randomBytes(length);

export async function createAlertRig(): Promise<AlertRig> {
  const database = await createTestDatabase();
  const slack = await startSlackServer();
  const jobs: DeliveryJob[] = [];
  let nowMs = Date.UTC(2026, 10, 29, 12);
  const context: AlertContext = {
    db: database.db,
    now: () => new Date(nowMs),
    randomBytes: random,
    secrets: createSecretBox(() => Buffer.alloc(32, 1), random),
  };
  await ensureProject(context, { id: "shop", name: "Shop" });
  const sendToSlack = createSlackSender({
    apiUrl: slack.apiUrl,
    urlOf: () => CONSOLE_URL,
    timeoutMs: SLACK_TIMEOUT_MS,
  });
  const stopJobs = async (): Promise<void> => {
    await Promise.all(jobs.splice(0).map((job) => job.stop()));
  };
  return {
    context,
    url: database.url,
    slack,
    sendToSlack,
    job: (send = sendToSlack, db = context.db) => {
      const job = createDeliveryJob({ context: { ...context, db }, send, random: () => 0 });
      jobs.push(job);
      job.start();
      return job;
    },
    advance: (ms) => (nowMs += ms),
    slackChannel: async (values = {}) => {
      const input = createChannelSchema.parse({
        projectId: "shop",
        name: "on call",
        kinds: SUBSCRIBABLE_KINDS,
        minimumSeverity: "info",
        type: "slack",
        slackChannel: SLACK_CHANNEL,
        botToken: "xoxb-0000000000-secret",
        signingSecret: SIGNING_SECRET,
        hasButtons: true,
        ...values,
      });
      return (await createAlertChannel(context, input, "ann")).id;
    },
    record: async (...occurrences) =>
      context.db.transaction(async (transaction) => {
        const { recorded } = await recordAlerts(transaction, context, {
          projectId: "shop",
          occurrences,
        });
        return recorded.map(({ id }) => id);
      }),
    delivery: async (eventId) => {
      const [row] = await context.db
        .select()
        .from(alertDeliveries)
        .where(eq(alertDeliveries.eventId, eventId));
      return row;
    },
    reset: async () => {
      await stopJobs();
      await asOwner(context.db, (transaction) =>
        transaction.execute(sql`truncate alert_channels, alert_events, budgets cascade`),
      );
      slack.reset();
    },
    close: async () => {
      await stopJobs();
      await slack.stop();
      await database.close();
    },
  };
}

interface ThresholdValues {
  readonly severity?: AlertSeverity;
  readonly budgetName?: string;
}

/** A budget of $100 of which so much is spent. */
export function thresholdReached(
  key: string,
  { severity = "warning", budgetName = "Support" }: ThresholdValues = {},
): AlertOccurrence {
  return {
    kind: "budget.threshold",
    key,
    severity,
    details: {
      budgetId: "budget_1",
      budgetName,
      scope: { team: "support" },
      mode: "enforce",
      limitNanoUsd: "100000000000",
      spentNanoUsd: "90500000000",
      thresholdPercent: 90,
      periodStartsAt: "2026-11-01T00:00:00.000Z",
      resetsAt: "2026-12-01T00:00:00.000Z",
    },
  };
}
