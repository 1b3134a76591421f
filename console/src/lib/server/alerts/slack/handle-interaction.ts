import { and, eq, isNull, lt } from "drizzle-orm";
import type { AlertFacts } from "@lensai/otel-config/alerts/alert";
import { alertChannels } from "../../db/schema/alert-channels.ts";
import { alertDeliveries } from "../../db/schema/alert-deliveries.ts";
import { alertEvents } from "../../db/schema/alert-events.ts";
import { projects } from "../../db/schema/projects.ts";
import { slackInteractions } from "../../db/schema/slack-interactions.ts";
import { openChannelSecret } from "../../services/alerts/channel-secret.ts";
import type { AlertContext } from "../../services/alerts/context.ts";
import { pressButton, type PressResult } from "../../services/alerts/press-button.ts";
import { actorOf } from "../actor-of.ts";
import type { UrlOfAlert } from "../delivery.ts";
import { parseInteraction, type SlackButton, type SlackPress } from "./interaction.ts";
import { escaped, slackMessage } from "./message.ts";
import { isFromSlack, SLACK_WINDOW_SECONDS, type SlackRequest } from "./verify-request.ts";

export interface InteractionOptions {
  readonly context: AlertContext;
  readonly urlOf: UrlOfAlert;
}

/** What Slack is to be told at the response URL, after it has its 200. */
export interface SlackReply {
  readonly responseUrl: string;
  readonly body: object;
}

export type InteractionAnswer =
  | { readonly status: 200; readonly reply: SlackReply | undefined }
  /** Not from Slack, too old, or seen before. All look alike. */
  | { readonly status: 401 };

const REFUSED = { status: 401 } as const;

/**
 * A pressed button, from the raw request to the change. Slack waits three seconds for the answer; what is done here are a
 * handful of short statements.
 */
export async function handleInteraction(
  { context, urlOf }: InteractionOptions,
  request: SlackRequest,
): Promise<InteractionAnswer> {
  const press = parseInteraction(request.body);
  const channel = press && (await findChannel(context, press.channelId));
  if (press === undefined || channel === undefined) return REFUSED;
  const { signingSecret } = openChannelSecret(context.secrets, channel);
  const now = context.now();
  if (signingSecret === undefined) return REFUSED;
  if (!isFromSlack(request, signingSecret, Math.floor(now.getTime() / 1000))) return REFUSED;
  if (!(await isFirstTime(context, request.signature ?? "", now))) return REFUSED;
  // Slack tells of a press of "Open", too; the browser has done everything.
  if (press.button.name === "open") return { status: 200, reply: undefined };

  const refusal = refusalOf(press, channel);
  if (refusal !== undefined) return { status: 200, reply: onlyFor(press, refusal) };
  const found = await findMessage(context, press, press.button);
  if (found === undefined)
    return { status: 200, reply: onlyFor(press, "LensAI does not know this message.") };
  const { id: eventId, projectId, kind, details } = found.event;
  const facts = { kind, details } as AlertFacts;
  const actor = `slack:${press.teamId}/${press.userId}`;
  const input = { eventId, projectId, facts, button: press.button };
  const result = await pressButton(context, input, actor);
  if (result.outcome === "refused") return { status: 200, reply: onlyFor(press, result.problem) };
  const actorName = await actorOf(context.db, projectId, facts);
  const event = { ...found.event, ...facts, projectName: found.projectName, actorName };
  const done = doneWords(result, press, now);
  const { text, blocks } = slackMessage({ event, channel, url: urlOf(event), done });
  const body = { replace_original: true, text, blocks };
  return { status: 200, reply: { responseUrl: press.responseUrl, body } };
}

async function findChannel(
  { db }: AlertContext,
  id: string,
): Promise<typeof alertChannels.$inferSelect | undefined> {
  const [channel] = await db
    .select()
    .from(alertChannels)
    .where(and(eq(alertChannels.id, id), isNull(alertChannels.removedAt)));
  return channel;
}

/** A signature is accepted once. Older ones than the window are refused anyway and forgotten. */
async function isFirstTime({ db }: AlertContext, signature: string, now: Date): Promise<boolean> {
  const forgetBefore = new Date(now.getTime() - 2 * SLACK_WINDOW_SECONDS * 1000);
  await db.delete(slackInteractions).where(lt(slackInteractions.receivedAt, forgetBefore));
  const [first] = await db
    .insert(slackInteractions)
    .values({ signature, receivedAt: now })
    .onConflictDoNothing()
    .returning();
  return first !== undefined;
}

/** Why somebody may not press, in words for them; undefined when they may. */
function refusalOf(
  press: SlackPress,
  { config }: typeof alertChannels.$inferSelect,
): string | undefined {
  if (config.type !== "slack" || config.slackChannel !== press.slackChannel)
    return "LensAI does not send alerts to this channel any more.";
  if (!config.hasButtons) return "Buttons are switched off for this channel.";
  if (config.buttonUsers.includes(press.userId)) return undefined;
  if (config.buttonUsers.length > 0)
    return "You are not among those who may press buttons here. The console says who is.";
  return press.isStranger
    ? "Members of other workspaces may press buttons only when the console names them."
    : undefined;
}

/** The event whose message in this channel was pressed: a button of another message says nothing. */
async function findMessage(
  { db }: AlertContext,
  press: SlackPress,
  { eventId }: Exclude<SlackButton, { name: "open" }>,
): Promise<{ event: typeof alertEvents.$inferSelect; projectName: string } | undefined> {
  const [found] = await db
    .select({ event: alertEvents, projectName: projects.name })
    .from(alertDeliveries)
    .innerJoin(alertEvents, eq(alertEvents.id, alertDeliveries.eventId))
    .innerJoin(projects, eq(projects.id, alertEvents.projectId))
    .where(
      and(
        eq(alertDeliveries.eventId, eventId),
        eq(alertDeliveries.channelId, press.channelId),
        eq(alertDeliveries.receiptId, press.messageTs),
      ),
    );
  return found;
}

function doneWords(
  result: Exclude<PressResult, { outcome: "refused" }>,
  { userId }: SlackPress,
  now: Date,
): string {
  const at = `<!date^${Math.floor(now.getTime() / 1000)}^{date_short_pretty} {time}|${now.toISOString()}>`;
  if (result.outcome === "done") return `${escaped(result.words)} by <@${userId}>, ${at}`;
  const person = /^slack:[^/]*\/(.+)$/.exec(result.actor ?? "")?.[1];
  return `${escaped(result.words)}${person === undefined ? "" : ` by <@${person}>`}`;
}

const onlyFor = ({ responseUrl }: SlackPress, text: string): SlackReply => ({
  responseUrl,
  body: { response_type: "ephemeral", replace_original: false, text: escaped(text) },
});
