import type { HeaderReader } from "./response-facts.ts";

/**
 * Headers by which gateways say where an answer comes from: Portkey ("HIT", "SEMANTIC HIT"), Cloudflare's AI Gateway,
 * Helicone and OpenRouter ("HIT").
 */
const STATUS_HEADERS = [
  "x-portkey-cache-status",
  "cf-aig-cache-status",
  "helicone-cache",
  "x-openrouter-cache-status",
] as const;

const HIT = /^(?:semantic )?hit$/i;

/** Does a gateway say that it has answered from its cache? Then no provider was called, and nothing is owed to one. */
export function isFromCache(header: HeaderReader): boolean {
  return STATUS_HEADERS.some((name) => HIT.test(header(name)?.trim() ?? ""));
}
