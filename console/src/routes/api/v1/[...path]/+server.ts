import { handleApiRequest } from "#lib/server/api/handle-request.ts";
import type { RequestHandler } from "./$types";

/**
 * The REST API. What it can do is declared in lib/server/api/resources; every method comes here, so that a wrong one
 * gets a problem document, too.
 */
export const fallback: RequestHandler = ({ request, url, locals, getClientAddress }) =>
  handleApiRequest({ request, url, locals, clientAddress: getClientAddress() });
