import { refuseWithoutControlToken } from "#lib/server/http/control-access.ts";
import {
  buildSnapshot,
  readControlVersion,
  serializeSnapshot,
  snapshotEtag,
} from "#lib/server/services/snapshot/build.ts";
import type { RequestHandler } from "./$types";

/** The control snapshot. Collectors poll it with If-None-Match; nothing new costs one row read. */
export const GET: RequestHandler = async ({ request, locals }) => {
  const { settings, services } = locals.console;
  const refusal = refuseWithoutControlToken(request, settings);
  if (refusal !== undefined) return refusal;
  const known = request.headers.get("if-none-match");
  if (known !== null) {
    const etag = snapshotEtag(await readControlVersion(services.db));
    if (known === etag) return new Response(null, { status: 304, headers: { etag } });
  }
  const { etag, json } = serializeSnapshot(await buildSnapshot(services.db));
  return new Response(json, {
    headers: { "content-type": "application/json", "cache-control": "no-store", etag },
  });
};
