import type { ClientRequest } from "node:http";
import { isSigned } from "../calls/signed-request.ts";
import { providerHostOf } from "../wire/provider-hosts.ts";
import { withStreamUsage } from "../wire/stream-usage-option.ts";

/**
 * Providers whose servers take the option of every caller. A request that was refused for it cannot be sent
 * again here, as with `fetch`: all others are left alone.
 */
const WELCOMING = new Set(["openai", "deepseek", "groq", "openrouter"]);

/**
 * The body to be written in place of the whole `body` of a stream that would not report its usage, so that it does.
 * Undefined, and nothing is changed, when it must not be asked.
 */
export function bodyAskingForUsage(request: ClientRequest, body: string): string | undefined {
  const host = providerHostOf(headerOf(request, "host") ?? request.host);
  const isWelcome = host !== undefined && WELCOMING.has(host.provider);
  if (!isWelcome || request.headersSent) return undefined;
  const header = (name: string): string | undefined => headerOf(request, name);
  if (isSigned(header) || header("content-encoding") !== undefined) return undefined;
  if (header("expect") !== undefined) return undefined;
  const asking = withStreamUsage(body);
  if (asking === undefined) return undefined;
  // What is added to the stream is taken out again, which a compressed one does not allow.
  if (header("accept-encoding") !== undefined) request.setHeader("accept-encoding", "identity");
  return asking;
}

export function headerOf(request: ClientRequest, name: string): string | undefined {
  const value = request.getHeader(name);
  return Array.isArray(value) ? value.join(", ") : value?.toString();
}
