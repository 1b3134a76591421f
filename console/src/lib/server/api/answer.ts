import { API_PATH } from "../../api-path.ts";
import type { ApiProblem } from "./api-errors.ts";
import { contentEtag, isKnown, versionEtag } from "./etag.ts";
import type { ApiAnswer, ApiRoute } from "./route.ts";

/** An answer as it leaves, and as it is kept for a repeat. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a handler gave, as the JSON that the route has declared. */
export function answerOf(route: ApiRoute, answer: ApiAnswer): WireAnswer {
  const { version, location, status = route.success.status } = answer;
  const body = route.success.status === 204 ? "" : jsonText(answer.body);
  const etag = version === undefined ? readEtag(route, body) : versionEtag(version);
  return {
    status,
    headers: {
      // Of whoever may ask, and of nobody's else.
      "cache-control": "private, no-cache",
      ...(body !== "" && { "content-type": "application/json" }),
      ...(etag !== undefined && { etag }),
      ...(location !== undefined && { location: `${API_PATH}${location}` }),
    },
    body,
  };
}

const readEtag = (route: ApiRoute, body: string): string | undefined =>
  route.method === "GET" ? contentEtag(body) : undefined;

/** JSON text: amounts and counts of 64 bits as digits, times as ISO 8601, unknown as null. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => {
    if (typeof member === "bigint") return member.toString();
    return member ?? null;
  });
}

/** 304 without a body when the caller has it already. */
export function toResponse(answer: WireAnswer, ifNoneMatch: string | null): Response {
  const { etag } = answer.headers;
  if (etag !== undefined && answer.status === 200 && isKnown(ifNoneMatch, etag)) {
    const { "content-type": _, ...headers } = answer.headers;
    return new Response(null, { status: 304, headers });
  }
  const body = answer.body === "" ? null : answer.body;
  return new Response(body, { status: answer.status, headers: answer.headers });
}

/** An answer that is made while it is read; nothing of it is kept anywhere. */
export function streamResponse({ mediaType, chunks }: NonNullable<ApiAnswer["stream"]>): Response {
  return new Response(chunks, {
    headers: { "content-type": mediaType, "cache-control": "private, no-store" },
  });
}

interface ProblemContext {
  readonly requestId: string;
  /** Set so far. */
  readonly headers: Headers;
}

/** A problem document (RFC 9457); undefined is a fault of ours, whose reason is in the log under the request id. */
export function problemResponse(
  problem: ApiProblem | undefined,
  { requestId, headers }: ProblemContext,
): Response {
  const { status, code, detail, retryAfterSeconds, ...more } = problem ?? FAULT;
  headers.set("content-type", "application/problem+json");
  headers.set("cache-control", "no-store");
  if (status === 401) headers.set("www-authenticate", "Bearer");
  if (retryAfterSeconds !== undefined) headers.set("retry-after", String(retryAfterSeconds));
  if (more.currentVersion !== undefined) headers.set("etag", versionEtag(more.currentVersion));
  const type = `/docs/errors#${code.replace(/[^a-z_]/g, "")}`;
  const document = { type, status, code, detail, ...more, requestId };
  return new Response(JSON.stringify(document), { status, headers });
}

const FAULT: ApiProblem = {
  status: 500,
  code: "internal",
  detail: "something went wrong on the server: the request id leads to the reason in its log",
};
