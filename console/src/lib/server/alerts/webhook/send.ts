import type { Alert } from "@lensai/otel-config/alerts/alert";
import { ALERT_FORMAT_VERSION } from "@lensai/otel-config/alerts/alert";
import { AddressRefusedError, postOutside } from "../../http/post-outside.ts";
import { alertWords } from "../alert-words.ts";
import type { Delivery, DeliveryOutcome, SendAlert, UrlOfAlert } from "../delivery.ts";
import { parseRetryAfter } from "../retry-after.ts";
import { hasSentNothing } from "../sent-nothing.ts";
import { signWebhook } from "./sign.ts";

export interface WebhookSenderOptions {
  readonly now: () => Date;
  readonly urlOf: UrlOfAlert;
  /** May webhooks go to this machine and its networks? */
  readonly mayBePrivate: boolean;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
/** The receiver is busy or away, whatever it is sent. */
const PATIENCE_STATUSES: ReadonlySet<number> = new Set([429, 503]);

/** Posts the alert as JSON, signed. 2xx is delivered; everything else is tried again. */
export function createWebhookSender(options: WebhookSenderOptions): SendAlert {
  const { now, urlOf, mayBePrivate, timeoutMs = TIMEOUT_MS } = options;
  return async ({ event, channel, mayHaveArrived }, signal) => {
    const { url, webhookSecret } = channel.secret;
    if (url === undefined || webhookSecret === undefined)
      return {
        outcome: "failed",
        reason: "the channel has no URL",
        mayHaveArrived: false,
        isReceiverDown: false,
      };
    const sentAt = now();
    const body = JSON.stringify(webhookBody(event, urlOf(event)));
    const timestamp = Math.floor(sentAt.getTime() / 1000);
    const signature = signWebhook({ id: event.id, timestamp, body }, webhookSecret);
    try {
      const { status, retryAfter } = await postOutside({
        url: new URL(url),
        headers: { "content-type": "application/json", "user-agent": "LensAI", ...signature },
        body,
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        mayBePrivate,
      });
      if (status >= 200 && status < 300) return { outcome: "delivered" };
      return {
        outcome: "failed",
        reason: `the receiver answers with status ${status}`,
        mayHaveArrived: true,
        isReceiverDown: PATIENCE_STATUSES.has(status),
        retryAfterMs: parseRetryAfter(retryAfter, sentAt),
      };
    } catch (error) {
      return failureOf(error, mayHaveArrived);
    }
  };
}

/** Members in the order of the documentation. */
function webhookBody(event: Delivery["event"], url: string): Alert {
  const { id, kind, severity, projectId, occurredAt, details } = event;
  const { title, text } = alertWords(event);
  return {
    formatVersion: ALERT_FORMAT_VERSION,
    id,
    kind,
    severity,
    projectId,
    occurredAt: occurredAt.toISOString(),
    title,
    text,
    url,
    details,
  } as Alert;
}

function failureOf(error: unknown, mayHaveArrived: boolean): DeliveryOutcome {
  const failed = { outcome: "failed", isReceiverDown: true } as const;
  if (error instanceof AddressRefusedError)
    return { ...failed, reason: error.message, mayHaveArrived };
  if (hasSentNothing(error))
    return { ...failed, reason: "the receiver cannot be reached", mayHaveArrived };
  return { ...failed, reason: "the receiver did not answer", mayHaveArrived: true };
}
