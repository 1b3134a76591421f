import { logError } from "../../log.ts";
import type { SlackReply } from "./handle-interaction.ts";

/** Where Slack takes replies; every response URL leads there. */
const RESPONSE_ORIGIN = "https://hooks.slack.com";
const TIMEOUT_MS = 10_000;

/**
 * Changes the message that was pressed, or tells whoever pressed it. The change itself has been made: a failure here is
 * logged and no more. Only Slack's own address is replied to, or that of the API when another one is set.
 */
export async function replyToSlack(
  { responseUrl, body }: SlackReply,
  apiUrl: string,
): Promise<void> {
  const { origin } = new URL(responseUrl);
  if (origin !== RESPONSE_ORIGIN && origin !== new URL(apiUrl).origin) return;
  try {
    const answer = await fetch(responseUrl, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!answer.ok) logError("Slack refuses to change a message", { status: answer.status });
  } catch (error) {
    logError("Slack cannot be told about a pressed button", { error });
  }
}
