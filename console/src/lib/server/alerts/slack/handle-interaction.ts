import { and, eq, isNull, lt } from "drizzle-orm";
import type { AlertFacts } from "@lensai/otel-config/alerts/alert";
import { alertChannels } from "../../db/schema/alert-channels.ts";
import { alertDeliveries } from "../../db/schema/alert-deliveries.ts";
import { alertEvents } from "../../db/schema/alert-events.ts";
import { projects } from "../../db/schema/projects.ts";
import { slackInteractions } from "../../db/schema/slack-interactions.ts";
import { isDatabaseGone } from "../../db/database-gone.ts";
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
  /** Aborted when Slack waits no more: from then on nothing is begun. */
  readonly signal?: AbortSignal;
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
 * A pressed button, from the raw request to the change. What is done here are a handful of short statements. When
 * the database is gone it rejects, or tells whoever pressed once it knows that it was Slack.
 */
export async function handleInteraction(
  options: InteractionOptions,
  request: SlackRequest,
): Promise<InteractionAnswer> {
  const { context } = options;
  const press = parseInteraction(request.body);
  const channel = press && (await findChannel(context, press.channelId));
  if (press === undefined || channel === undefined) return REFUSED;
  const { signingSecret } = openChannelSecret(context.secrets, channel);
  const now = context.now();
  if (signingSecret === undefined) return REFUSED;
  if (!isFromSlack(request, signingSecret, Math.floor(now.getTime() / 1000))) return REFUSED;
  const found = await findPressed(context, { press, channel, signature: request.signature, now });
  if (!("event" in found)) return found;
  if (options.signal?.aborted === true) return answerTo(press, NOTHING_CHANGED);
  return await change(options, { ...found, channel, now });
}

type Channel = typeof alertChannels.$inferSelect;

/** Of Slack, and of somebody who may. */
interface PressedMessage extends FoundMessage {
  readonly press: SlackPress;
  readonly button: Exclude<SlackButton, { name: "open" }>;
}

interface ReceivedPress {
  readonly press: SlackPress;
  readonly channel: Channel;
  readonly signature: string | null;
  readonly now: Date;
}

const NOTHING_CHANGED =
  "Nothing was changed: LensAI's control database does not answer. Press again in a moment.";
const MAYBE_CHANGED =
  "LensAI's control database stopped to answer: the console will show whether this was done. Press again in a moment; nothing is done twice.";

/** What was pressed, or the answer when there is nothing to do. */
async function findPressed(
  context: AlertContext,
  { press, channel, signature, now }: ReceivedPress,
): Promise<PressedMessage | InteractionAnswer> {
  const { button } = press;
  try {
    if (!(await isFirstTime(context, signature ?? "", now))) return REFUSED;
    // Slack tells of a press of "Open", too; the browser has done everything.
    if (button.name === "open") return { status: 200, reply: undefined };
    const refusal = refusalOf(press, channel);
    if (refusal !== undefined) return answerTo(press, refusal);
    const found = await findMessage(context, press, button);
    return found === undefined
      ? answerTo(press, "LensAI does not know this message.")
      : { ...found, press, button };
  } catch (failure) {
    if (isDatabaseGone(failure)) return answerTo(press, NOTHING_CHANGED);
    throw failure;
  }
}

async function change(
  { context, urlOf }: InteractionOptions,
  {
    press,
    button,
    channel,
    now,
    ...found
  }: PressedMessage & { readonly channel: Channel; readonly now: Date },
): Promise<InteractionAnswer> {
  const { id: eventId, projectId, kind, details } = found.event;
  const facts = { kind, details } as AlertFacts;
  const actor = `slack:${press.teamId}/${press.userId}`;
  try {
    const result = await pressButton(context, { eventId, projectId, facts, button }, actor);
    if (result.outcome === "refused") return answerTo(press, result.problem);
    const actorName = await actorOf(context.db, projectId, facts);
    const event = { ...found.event, ...facts, projectName: found.projectName, actorName };
    const done = doneWords(result, press, now);
    const { text, blocks } = slackMessage({ event, channel, url: urlOf(event), done });
    const body = { replace_original: true, text, blocks };
    return { status: 200, reply: { responseUrl: press.responseUrl, body } };
  } catch (failure) {
    if (isDatabaseGone(failure)) return answerTo(press, MAYBE_CHANGED);
    throw failure;
  }
}

async function findChannel({ db }: AlertContext, id: string): Promise<Channel | undefined> {
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
function refusalOf(press: SlackPress, { config }: Channel): string | undefined {
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

interface FoundMessage {
  readonly event: typeof alertEvents.$inferSelect;
  readonly projectName: string;
}

/** The event whose message in this channel was pressed: a button of another message says nothing. */
async function findMessage(
  { db }: AlertContext,
  press: SlackPress,
  { eventId }: Exclude<SlackButton, { name: "open" }>,
): Promise<FoundMessage | undefined> {
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

/** A sentence that only whoever pressed can read. */
const answerTo = ({ responseUrl }: SlackPress, text: string): InteractionAnswer => ({
  status: 200,
  reply: {
    responseUrl,
    body: { response_type: "ephemeral", replace_original: false, text: escaped(text) },
  },
});
