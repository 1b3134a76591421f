import type { RequestHandler } from "./$types";

/**
 * Interactivity of the Slack app: pressed buttons of alerts. Slack proves itself with a signature over the raw body;
 * there is no session here, and nothing is told to whoever is not Slack.
 */
export const POST: RequestHandler = async ({ request, locals }) => {
  const status = await locals.console.alerts.interact({
    timestamp: request.headers.get("x-slack-request-timestamp"),
    signature: request.headers.get("x-slack-signature"),
    body: await request.text(),
  });
  return new Response(null, { status });
};
