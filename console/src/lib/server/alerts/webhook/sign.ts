import { createHmac } from "node:crypto";

/** The headers of a signed webhook. */
export type WebhookHeaders = Readonly<
  Record<"webhook-id" | "webhook-timestamp" | "webhook-signature", string>
>;

export interface WebhookToSign {
  /** The id of the alert: the same in every attempt. */
  readonly id: string;
  /** Unix time in seconds, of this attempt. */
  readonly timestamp: number;
  readonly body: string;
}

const SECRET_PREFIX = "whsec_";

/**
 * Signs as Standard Webhooks says (https://github.com/standard-webhooks/standard-webhooks): HMAC-SHA256 over
 * `<id>.<timestamp>.<body>`. `secret` is `whsec_` and base64.
 */
export function signWebhook(
  { id, timestamp, body }: WebhookToSign,
  secret: string,
): WebhookHeaders {
  const key = Buffer.from(secret.slice(SECRET_PREFIX.length), "base64");
  const mac = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": `v1,${mac}`,
  };
}
