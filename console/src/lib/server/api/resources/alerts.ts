import { ALERT_KINDS, ALERT_SEVERITIES } from "@lensai/otel-config/alerts/alert";
import { z } from "zod";
import { ALERT_ORDER, newestAlerts, type ListedAlert } from "../../services/alerts/list.ts";
import { pageOf, pageQuery, readPage } from "../paging.ts";
import { defineRoute, type ApiRoute } from "../route.ts";
import { countSchema, timeSchema } from "../schemas.ts";

const deliverySchema = z
  .strictObject({
    channelId: z.string(),
    channelName: z.string(),
    state: z.enum(["waiting", "delivered", "given_up"]),
    attempts: countSchema,
    nextAttemptAt: timeSchema.describe("Of a waiting one."),
    deliveredAt: timeSchema.nullable(),
    lastError: z.string().nullable(),
  })
  .meta({ id: "AlertDelivery" });

const alertSchema = z
  .strictObject({
    id: z.string(),
    kind: z.enum(ALERT_KINDS),
    severity: z.enum(ALERT_SEVERITIES),
    occurredAt: timeSchema,
    details: z
      .record(z.string(), z.unknown())
      .describe("What webhooks get as `details` of this kind; amounts are nano-USD as digits."),
    toldWithId: z
      .string()
      .nullable()
      .describe(
        "The alert whose message told of this one, too; null when it had one of its own, or none.",
      ),
    deliveries: z.array(deliverySchema).describe("By name of the channel."),
  })
  .meta({ id: "Alert" });

export const alertRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/alerts",
    operationId: "listAlerts",
    tag: "Alerts",
    summary: "Lists the alerts, newest first, with what became of them.",
    permission: "project.read",
    query: z.strictObject(pageQuery),
    success: { status: 200, description: "A page of alerts.", schema: pageOf(alertSchema) },
    handle: async ({ services, projectId, query }) => {
      const { items, nextCursor } = await readPage(query, ALERT_ORDER, (part) =>
        newestAlerts(services.db, { projectId }, part),
      );
      return { body: { items: items.map((alert) => toAlertJson(alert)), nextCursor } };
    },
  }),
];

interface AlertJson extends Omit<ListedAlert, "facts"> {
  readonly kind: ListedAlert["facts"]["kind"];
  readonly details: Record<string, unknown>;
}

function toAlertJson({ facts, ...alert }: ListedAlert): AlertJson {
  return { ...alert, kind: facts.kind, details: { ...facts.details } };
}
