import { ALERT_KINDS, ALERT_SEVERITIES } from "@lensai/otel-config/alerts/alert";
import { z } from "zod";
import { createAlertChannel } from "../../services/alerts/create-channel.ts";
import type { AlertContext } from "../../services/alerts/context.ts";
import { CHANNEL_ORDER, listAlertChannels, type AlertChannel } from "../../services/alerts/list.ts";
import { removeAlertChannel } from "../../services/alerts/remove-channel.ts";
import { createChannelSchema, updateChannelSchema } from "../../services/alerts/schemas.ts";
import { updateAlertChannel } from "../../services/alerts/update-channel.ts";
import { notFound, versionConflict } from "../api-errors.ts";
import { pageOf, pageQuery, readPage } from "../paging.ts";
import { invalid, parsePart } from "../read-input.ts";
import { defineRoute, type ApiRequest, type ApiRoute } from "../route.ts";
import { idParam } from "../schemas.ts";

const configSchema = z
  .discriminatedUnion("type", [
    z.strictObject({
      type: z.literal("slack"),
      slackChannel: z.string(),
      hasButtons: z.boolean(),
      buttonUsers: z.array(z.string()),
    }),
    z.strictObject({
      type: z.literal("webhook"),
      origin: z.string().describe("The rest of the URL is often a secret."),
    }),
    z.strictObject({ type: z.literal("email"), addresses: z.array(z.string()) }),
  ])
  .describe("What may be shown of it: nothing of it lets anybody send.");

const channelSchema = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    config: configSchema,
    kinds: z.array(z.enum(ALERT_KINDS)),
    minimumSeverity: z.enum(ALERT_SEVERITIES),
    version: z.int(),
  })
  .meta({ id: "AlertChannel" });

/** Fields that are in the path or in If-Match. */
type PlacedField = "projectId" | "channelId" | "version";

function withoutPlaced<Shape extends z.core.$ZodShape>(
  shape: Shape,
): z.ZodObject<Omit<Shape, PlacedField>, z.core.$strict> {
  const { projectId: _projectId, channelId: _channelId, version: _version, ...rest } = shape;
  return z.strictObject(rest);
}

const [createSlack, createWebhook, createEmail] = createChannelSchema.options;
const createBody = z.discriminatedUnion("type", [
  withoutPlaced(createSlack.shape),
  withoutPlaced(createWebhook.shape),
  withoutPlaced(createEmail.shape),
]);
const [updateSlack, updateWebhook, updateEmail] = updateChannelSchema.options;
const updateBody = z
  .discriminatedUnion("type", [
    withoutPlaced(updateSlack.shape),
    withoutPlaced(updateWebhook.shape),
    withoutPlaced(updateEmail.shape),
  ])
  .describe("All of it again; only secrets that are absent stay as they are.");

const channelParams = z.strictObject({ channelId: idParam("The `id` of the channel.") });

export const alertChannelRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/alert-channels",
    operationId: "listAlertChannels",
    tag: "Alerts",
    summary: "Lists where alerts go, by name.",
    permission: "alerts.manage",
    query: z.strictObject(pageQuery),
    success: {
      status: 200,
      description: "A page of channels, without their secrets.",
      schema: pageOf(channelSchema),
    },
    handle: async ({ services, projectId, query }) => ({
      body: await readPage(query, CHANNEL_ORDER, (part) =>
        listAlertChannels(services.db, projectId, part),
      ),
    }),
  }),
  defineRoute({
    method: "POST",
    path: "/projects/{projectId}/alert-channels",
    operationId: "createAlertChannel",
    tag: "Alerts",
    summary: "Adds a channel.",
    permission: "alerts.manage",
    body: createBody,
    success: {
      status: 201,
      description: "It was added.",
      schema: z.strictObject({
        id: z.string(),
        webhookSecret: z
          .string()
          .nullable()
          .describe("What signatures are verified with: this answer is the only one that has it."),
      }),
    },
    handle: async (request) => {
      const { projectId, body, caller } = request;
      // Once more as a whole: some fields depend on others.
      const input = parsePart("body", createChannelSchema, { ...body, projectId });
      const { id, webhookSecret } = await createAlertChannel(
        contextOf(request),
        input,
        caller.actor,
      );
      return { body: { id, webhookSecret } };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/alert-channels/{channelId}",
    operationId: "getAlertChannel",
    tag: "Alerts",
    summary: "Reads a channel, without its secrets.",
    permission: "alerts.manage",
    params: channelParams,
    success: { status: 200, description: "The channel.", schema: channelSchema },
    handle: async (request) => {
      const channel = await foundChannel(request);
      return { body: channel, version: channel.version };
    },
  }),
  defineRoute({
    method: "PUT",
    path: "/projects/{projectId}/alert-channels/{channelId}",
    operationId: "updateAlertChannel",
    tag: "Alerts",
    summary: "Changes a channel.",
    permission: "alerts.manage",
    isEdit: true,
    params: channelParams,
    body: updateBody,
    success: {
      status: 200,
      description: "It is changed.",
      schema: z.strictObject({ version: z.int() }),
    },
    handle: async (request) => {
      const { projectId, params, body, caller, expectedVersion } = request;
      const found = await foundChannel(request);
      const seen = expectedVersion === "any" ? found.version : expectedVersion;
      // No channel ever has version 0, and the schema knows none.
      if (seen === 0) throw versionConflict(found.version);
      const whole = { ...body, projectId, ...params, version: seen };
      const input = parsePart("body", updateChannelSchema, whole);
      const result = await updateAlertChannel(contextOf(request), input, caller.actor);
      switch (result.outcome) {
        case "updated":
          return { body: { version: result.version }, version: result.version };
        case "conflict":
          throw versionConflict(result.version);
        case "unknown":
          throw channelNotFound(params.channelId);
        case "refused":
          throw invalid([{ in: "body", pointer: "/type", detail: result.problem }]);
      }
    },
  }),
  defineRoute({
    method: "DELETE",
    path: "/projects/{projectId}/alert-channels/{channelId}",
    operationId: "removeAlertChannel",
    tag: "Alerts",
    summary: "Forgets the secret of a channel and sends nothing there any more.",
    permission: "alerts.manage",
    params: channelParams,
    success: { status: 204, description: "It is removed." },
    handle: async ({ services, caller, projectId, params }) => {
      if (await removeAlertChannel(services, { projectId, ...params }, caller.actor)) return {};
      throw channelNotFound(params.channelId);
    },
  }),
  defineRoute({
    method: "POST",
    path: "/projects/{projectId}/alert-channels/{channelId}/test",
    operationId: "testAlertChannel",
    tag: "Alerts",
    summary: "Sends a test to a channel, now and once.",
    permission: "alerts.manage",
    params: channelParams,
    success: {
      status: 200,
      description: "How it ended.",
      schema: z.strictObject({
        outcome: z.enum(["delivered", "failed"]),
        reason: z.string().nullable().describe("Why it failed."),
      }),
    },
    handle: async ({ console, projectId, params }) => {
      const result = await console.alerts.test({ projectId, ...params });
      if (result === undefined) throw channelNotFound(params.channelId);
      const reason = result.outcome === "failed" ? result.reason : undefined;
      return { body: { outcome: result.outcome, reason } };
    },
  }),
];

type ChannelRequest = ApiRequest<{ readonly channelId: string }>;

async function foundChannel({
  services,
  projectId,
  params,
}: ChannelRequest): Promise<AlertChannel> {
  const channels = await listAlertChannels(services.db, projectId);
  const channel = channels.find(({ id }) => id === params.channelId);
  if (channel === undefined) throw channelNotFound(params.channelId);
  return channel;
}

const channelNotFound = (channelId: string): Error =>
  notFound(`the project has no channel "${channelId}"`);

/** Secrets are sealed by the console, whatever transaction the change is part of. */
const contextOf = ({
  console,
  services,
}: Pick<ApiRequest, "console" | "services">): AlertContext => ({
  ...console.alerts.context,
  ...services,
});
