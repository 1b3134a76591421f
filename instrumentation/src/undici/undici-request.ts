import type { Context } from "@opentelemetry/api";
import { activeContext } from "../telemetry/global-api.ts";

/** What undici (5 to 8) publishes of a request, as far as it is read; `on…` is how it passes bytes on. */
export interface UndiciRequest {
  readonly method: string;
  readonly origin?: string | URL;
  readonly path: string;
  readonly host: string | null;
  /** What undici sends. As long as there is no connection it may be another one. */
  body: unknown;
  /** As the caller has said it; null: undici counts. */
  contentLength?: number | null;
  readonly contentType: string | null;
  /** Names and values by turns, or (undici 5) lines. */
  readonly headers: readonly (string | readonly string[])[] | string;
  onBodySent(chunk: unknown): unknown;
  /** Undici 8; `onData` before that. */
  onResponseData?(chunk: Uint8Array): unknown;
  onData?(chunk: Uint8Array): unknown;
  /** Since it has a connection. Whoever made the request gets the error. */
  abort?(error: Error): void;
}

export function urlOf({ origin, host, path }: UndiciRequest): URL | undefined {
  const base = new URL(String(origin));
  const url = new URL(path, base);
  // Through a proxy the path says where it goes, and otherwise the host header, if there is one.
  if (host !== null && url.origin === base.origin) url.host = host;
  return url;
}

/** A header of the request by its name in lower case. */
export function requestHeader({ headers }: UndiciRequest, name: string): string | undefined {
  if (typeof headers === "string") return lineOf(headers, name);
  for (let at = 0; at + 1 < headers.length; at += 2) {
    if (String(headers[at]).toLowerCase() === name) return [headers[at + 1]].flat().join(", ");
  }
  return undefined;
}

function lineOf(lines: string, name: string): string | undefined {
  const line = lines.split("\r\n").find((each) => each.toLowerCase().startsWith(`${name}:`));
  return line?.slice(name.length + 1).trim();
}

/** A header of an answer: bytes or texts by turns, or, over HTTP/2, an object. */
export function answerHeader(headers: unknown, name: string): string | undefined {
  if (!Array.isArray(headers)) {
    const value = (headers as Record<string, string | string[]> | undefined)?.[name];
    return value === undefined ? undefined : [value].flat().join(", ");
  }
  const found: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    // Text of another length is not made from bytes.
    const key = headers[at] as Uint8Array | string;
    if (key.length !== name.length || String(key).toLowerCase() !== name) continue;
    found.push(String(headers[at + 1]));
  }
  return found.length === 0 ? undefined : found.join(", ");
}

/**
 * The context that the request was made in, where that is known: what it answers to (`request`, `stream`,
 * `pipeline`) remembers it. It is published in that of another one when it had to wait for a connection.
 */
export function contextOf(request: UndiciRequest): Context | undefined {
  const key = Object.getOwnPropertySymbols(request).find(
    ({ description }) => description === "handler",
  );
  const handler = key && (request as unknown as Record<symbol, unknown>)[key];
  return isAsyncResource(handler) ? handler.runInAsyncScope(() => activeContext()) : undefined;
}

interface AsyncScope {
  runInAsyncScope<T>(run: () => T): T;
}

function isAsyncResource(value: unknown): value is AsyncScope {
  return typeof (value as Partial<AsyncScope> | undefined)?.runInAsyncScope === "function";
}
