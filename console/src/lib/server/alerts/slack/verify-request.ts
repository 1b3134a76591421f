import { createHmac, timingSafeEqual } from "node:crypto";

/** How far Slack's clock and ours may be apart, in seconds; Slack's own advice. */
export const SLACK_WINDOW_SECONDS = 300;

export interface SlackRequest {
  /** `X-Slack-Request-Timestamp`: Unix time in seconds. */
  readonly timestamp: string | null;
  /** `X-Slack-Signature`: `v0=` and hexadecimal digits. */
  readonly signature: string | null;
  /** As received, byte for byte. */
  readonly body: string;
}

/**
 * Did Slack send this, and lately? HMAC-SHA256 over `v0:<timestamp>:<body>` with the signing secret of the app
 * (https://docs.slack.dev/authentication/verifying-requests-from-slack). Whether it was seen before is another question.
 */
export function isFromSlack(
  { timestamp, signature, body }: SlackRequest,
  signingSecret: string,
  nowSeconds: number,
): boolean {
  if (timestamp === null || !/^\d{1,12}$/.test(timestamp)) return false;
  if (signature === null || !/^v0=[0-9a-f]{64}$/.test(signature)) return false;
  if (Math.abs(nowSeconds - Number(timestamp)) > SLACK_WINDOW_SECONDS) return false;
  const mac = createHmac("sha256", signingSecret).update(`v0:${timestamp}:${body}`).digest("hex");
  return timingSafeEqual(Buffer.from(`v0=${mac}`), Buffer.from(signature));
}
