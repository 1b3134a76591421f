import { ENVELOPE_MEDIA_TYPE } from "@lensai/otel-config/signing/envelope";
import { snapshotStream } from "#lib/server/control/snapshot-stream.ts";
import { TOKEN_ACTOR } from "#lib/server/http/token-actor.ts";
import { refuseWithoutControlToken } from "#lib/server/http/control-access.ts";
import { overtakeVersion } from "#lib/server/services/snapshot/overtake.ts";
import type { RequestHandler } from "./$types";

/**
 * The control snapshot: pushed to those who accept server-sent events; otherwise one document, signed for those who
 * accept an envelope. `If-None-Match` names the version that the collector has: nothing new costs one row read.
 */
export const GET: RequestHandler = async ({ request, locals }) => {
  const { settings, services, control } = locals.console;
  const refusal = refuseWithoutControlToken(request, settings);
  if (refusal !== undefined) return refusal;
  const known = request.headers.get("if-none-match");
  const knownVersion = versionOf(known);
  if (knownVersion !== undefined) await overtakeVersion(services, knownVersion, TOKEN_ACTOR);
  const accept = request.headers.get("accept") ?? "";
  if (accept.includes("text/event-stream")) {
    return snapshotStream(control.snapshots, { knownVersion, ending: control.ending });
  }
  const { etag, json, envelope } = await control.snapshots.current();
  if (known === etag) return new Response(null, { status: 304, headers: { etag } });
  const isSigned = accept.includes(ENVELOPE_MEDIA_TYPE);
  return new Response(isSigned ? envelope : json, {
    headers: {
      "content-type": isSigned ? ENVELOPE_MEDIA_TYPE : "application/json",
      "cache-control": "no-store",
      vary: "accept",
      etag,
    },
  });
};

/** Of an entity tag of ours: `"7"`. */
function versionOf(etag: string | null): number | undefined {
  const digits = /^"(\d{1,15})"$/.exec(etag ?? "")?.[1];
  return digits === undefined ? undefined : Number(digits);
}
