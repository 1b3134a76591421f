import { refuseWithoutControlToken } from "#lib/server/http/control-access.ts";
import { invalidInput } from "#lib/server/http/problem.ts";
import { keyUsesSchema, recordKeyUses } from "#lib/server/services/api-keys/record-use.ts";
import type { RequestHandler } from "./$types";

/** Collectors tell which keys were used: `{uses: [{keyId, lastUsedAt}]}`. Safe to repeat. */
export const POST: RequestHandler = async ({ request, locals }) => {
  const { settings, services } = locals.console;
  const refusal = refuseWithoutControlToken(request, settings);
  if (refusal !== undefined) return refusal;
  const body = keyUsesSchema.safeParse(await request.json().catch(() => undefined));
  if (!body.success) return invalidInput(body.error);
  await recordKeyUses(services, body.data);
  return new Response(null, { status: 204 });
};
