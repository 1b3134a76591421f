import { ALERT_KINDS, ALERT_SEVERITIES } from "@lensai/otel-config/alerts/alert";
import { z } from "zod";
import { projectIdSchema } from "../projects/project-id.ts";

/** Kinds that a channel can leave out; what the test button sends always comes. */
export const SUBSCRIBABLE_KINDS = ALERT_KINDS.filter((kind) => kind !== "test");

const ADDRESSES_MAX = 20;
const BUTTON_USERS_MAX = 50;

/** "a@x.test, b@x.test" or a list: what a form has, and what a program sends. */
const listOf = <T extends z.ZodType>(item: T, max: number) =>
  z.preprocess(
    (value) =>
      typeof value === "string" ? value.split(/[\s,;]+/).filter((text) => text !== "") : value,
    z.array(item).max(max, `has at most ${max} entries`),
  );

const slackFields = {
  type: z.literal("slack"),
  slackChannel: z
    .string()
    .trim()
    .regex(/^[CGD][A-Z0-9]{5,20}$/, "is not the id of a Slack channel, such as C024BE91L"),
  hasButtons: z.boolean().default(false),
  buttonUsers: listOf(
    z.string().regex(/^[UW][A-Z0-9]{5,20}$/, "is not the id of a Slack member, such as U061F7AUR"),
    BUTTON_USERS_MAX,
  ).default([]),
};
const botTokenSchema = z
  .string()
  .trim()
  .regex(/^xoxb-[\w-]{10,200}$/, "is not the bot token of a Slack app: it begins with xoxb-");
const signingSecretSchema = z
  .string()
  .trim()
  .regex(/^[0-9a-f]{32}$/, "is not the signing secret of a Slack app: 32 hexadecimal digits");

const webhookUrlSchema = z
  .url({ protocol: /^https?$/, message: "is not an http:// or https:// URL" })
  .max(2048, "has at most 2048 characters")
  .refine((text) => {
    // Asked of texts that are no URLs as well; those are refused above.
    const { username, password } = URL.parse(text) ?? { username: "", password: "" };
    return username === "" && password === "";
  }, "must not contain a user name or password");

const emailFields = {
  type: z.literal("email"),
  addresses: listOf(z.email("is not an e-mail address"), ADDRESSES_MAX).refine(
    (addresses) => addresses.length > 0,
    "name at least one address",
  ),
};

const commonFields = {
  projectId: projectIdSchema,
  name: z.string().trim().min(1, "must not be empty").max(80, "has at most 80 characters"),
  kinds: z
    .array(z.enum(SUBSCRIBABLE_KINDS))
    .min(1, "choose at least one kind of alert")
    .transform((kinds) => SUBSCRIBABLE_KINDS.filter((kind) => kinds.includes(kind))),
  minimumSeverity: z.enum(ALERT_SEVERITIES),
};

const optional = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === "" ? undefined : value), schema.optional());

/** A new channel, with all it needs to send. */
export const createChannelSchema = z.discriminatedUnion("type", [
  z
    .object({
      ...commonFields,
      ...slackFields,
      botToken: botTokenSchema,
      signingSecret: optional(signingSecretSchema),
    })
    .refine(({ hasButtons, signingSecret }) => !hasButtons || signingSecret !== undefined, {
      path: ["signingSecret"],
      message: "is needed for buttons: without it nobody can tell that Slack sent a press",
    }),
  z.object({ ...commonFields, type: z.literal("webhook"), url: webhookUrlSchema }),
  z.object({ ...commonFields, ...emailFields }),
]);

const changeFields = {
  ...commonFields,
  channelId: z.string().min(1).max(64),
  /** Of the channel as it was seen; another one by now is a conflict. */
  version: z.coerce.number().int().min(1),
};

/** The same again; secrets that are left out stay. The type of a channel does not change. */
export const updateChannelSchema = z.discriminatedUnion("type", [
  z.object({
    ...changeFields,
    ...slackFields,
    botToken: optional(botTokenSchema),
    signingSecret: optional(signingSecretSchema),
  }),
  z.object({ ...changeFields, type: z.literal("webhook"), url: optional(webhookUrlSchema) }),
  z.object({ ...changeFields, ...emailFields }),
]);

export const channelRefSchema = z.object({
  projectId: projectIdSchema,
  channelId: z.string().min(1).max(64),
});

export type CreateChannelInput = z.infer<typeof createChannelSchema>;
export type UpdateChannelInput = z.infer<typeof updateChannelSchema>;
export type ChannelRef = z.infer<typeof channelRefSchema>;
