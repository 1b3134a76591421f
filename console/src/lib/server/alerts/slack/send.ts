import {
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
  WebClient,
} from "@slack/web-api";
import type { Logger } from "@slack/web-api";
import type {
  Delivery,
  DeliveryOutcome,
  FailedDelivery,
  SendAlert,
  UrlOfAlert,
} from "../delivery.ts";
import { hasSentNothing } from "../sent-nothing.ts";
import { slackMessage } from "./message.ts";

export interface SlackSenderOptions {
  /** `https://slack.com/api/`, unless a test or a proxy stands for it. */
  readonly apiUrl: string;
  readonly urlOf: UrlOfAlert;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
/** The event type of the metadata that our messages carry. */
const METADATA_TYPE = "lensai_alert";
/** Messages looked through for one of ours, newest first. */
const HISTORY_LIMIT = 200;
/** Clocks of two machines: the message cannot be much older than its event. */
const CLOCK_SLACK_SECONDS = 300;

/** Sends with `chat.postMessage`. Retries are the outbox's: they survive a restart, the client's do not. */
export function createSlackSender(options: SlackSenderOptions): SendAlert {
  return async (delivery, signal) => {
    const { config, secret } = delivery.channel;
    if (config.type !== "slack" || secret.botToken === undefined)
      return {
        outcome: "failed",
        reason: "the channel has no bot token",
        mayHaveArrived: false,
        isReceiverDown: false,
      };
    const client = clientOf(secret.botToken, options, signal);
    const channel = config.slackChannel;
    try {
      if (delivery.mayHaveArrived) {
        const receiptId = await findSent(client, channel, delivery.event);
        if (receiptId !== undefined) return { outcome: "delivered", receiptId };
      }
      const { text, blocks } = slackMessage({
        ...delivery,
        url: options.urlOf(delivery.event),
        isRepeated: delivery.mayHaveArrived,
      });
      const message = {
        channel,
        text,
        blocks,
        unfurl_links: false,
        unfurl_media: false,
        metadata: { event_type: METADATA_TYPE, event_payload: { alert_id: delivery.event.id } },
      };
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- Slack's, not the window's
      const answer = await client.chat.postMessage(message);
      return { outcome: "delivered", receiptId: answer.ts };
    } catch (error) {
      return failureOf(error, delivery.mayHaveArrived);
    }
  };
}

/**
 * The message of an attempt that nobody answered: Slack keeps our id in its metadata. Undefined when there is none, or
 * when the app may not read the channel (it lacks channels:history).
 */
async function findSent(
  client: WebClient,
  channel: string,
  event: Delivery["event"],
): Promise<string | undefined> {
  const oldest = Math.floor(event.occurredAt.getTime() / 1000) - CLOCK_SLACK_SECONDS;
  try {
    const { messages = [] } = await client.conversations.history({
      channel,
      oldest: String(oldest),
      limit: HISTORY_LIMIT,
      include_all_metadata: true,
    });
    return messages.find(({ metadata }) => {
      const payload: { alert_id?: unknown } | undefined = metadata?.event_payload;
      return metadata?.event_type === METADATA_TYPE && payload?.alert_id === event.id;
    })?.ts;
  } catch (error) {
    if (error instanceof WebAPIPlatformError) return undefined;
    throw error;
  }
}

function clientOf(
  token: string,
  { apiUrl, timeoutMs = TIMEOUT_MS }: SlackSenderOptions,
  signal: AbortSignal,
): WebClient {
  return new WebClient(token, {
    slackApiUrl: apiUrl,
    allowAbsoluteUrls: false,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    logger: SILENT,
    fetch: async (url, init) =>
      fetch(url, {
        ...(init as RequestInit),
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      }),
  });
}

/** Our own log says what matters; the client's would repeat what was sent. */
const SILENT = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  setLevel: () => undefined,
  getLevel: () => "error",
  setName: () => undefined,
} as unknown as Logger;

const SECOND_MS = 1000;

function failureOf(error: unknown, mayHaveArrived: boolean): FailedDelivery {
  const failed = (
    reason: string,
    rest: Partial<FailedDelivery> = {},
  ): DeliveryOutcome & FailedDelivery => ({
    outcome: "failed",
    reason,
    mayHaveArrived,
    isReceiverDown: false,
    ...rest,
  });
  if (error instanceof WebAPIRateLimitedError)
    return failed("Slack asks for patience (429)", {
      retryAfterMs: error.retryAfter * SECOND_MS,
      isReceiverDown: true,
    });
  // Slack's own word for why: "channel_not_found", "invalid_auth". A proxy's page of HTML ends up here, too.
  if (error instanceof WebAPIPlatformError && /^[a-z_]{1,80}$/.test(error.data.error))
    return failed(`Slack refuses the message: ${error.data.error}`);
  if (error instanceof WebAPIHTTPError)
    return failed(`Slack answers with status ${error.statusCode}`, { mayHaveArrived: true });
  if (!(error instanceof WebAPIRequestError))
    return failed("what answers is not Slack", { mayHaveArrived: true });
  return hasSentNothing(error.original)
    ? failed("Slack cannot be reached", { isReceiverDown: true })
    : failed("Slack did not answer", { mayHaveArrived: true, isReceiverDown: true });
}
