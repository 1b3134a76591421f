import type { IncomingMessage, ServerResponse } from "node:http";
import { LensError } from "@lensai/otel-config/errors";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { SignedRequest } from "../admission/request-signature.ts";
import type { ControlIndex } from "../control/index-snapshot.ts";
import { acceptExport, refuseWhileDraining } from "./accept-export.ts";
import type { ReceiverParts } from "./accept-export.ts";
import { readBody } from "./body.ts";
import { corsHeaders, preflightHeaders, requireOrigin } from "./cors.ts";
import { requireHostHeader, requireLoopbackHost } from "./host-check.ts";
import { contentEncodingOf } from "./inflate.ts";
import { LINGER_TIMEOUT_MS } from "./limits.ts";
import { statusBody, successBody } from "./otlp-response.ts";
import { otlpStatusOf, retryAfterSecondsOf, toLensError } from "./otlp-status.ts";
import {
  otlpMediaType,
  pathOf,
  requireMediaType,
  requirePost,
  signalOfPath,
} from "./request-line.ts";
import { releaseMemory } from "./release-memory.ts";

export interface OtlpHttpParts extends ReceiverParts {
  readonly control: () => ControlIndex;
  /** Origins that may send besides those of browser keys. */
  readonly corsOrigins: ReadonlySet<string>;
  /** Names that a request without a key may have in its Host header. */
  readonly hosts: ReadonlySet<string>;
  /** Told about every request that failed inside the collector; the sender only sees "internal". */
  readonly onInternalError: (error: unknown) => void;
}

/** Serves OTLP/HTTP on every path that has no route of its own. */
export function serveOtlpHttp(server: FastifyInstance, parts: OtlpHttpParts): void {
  // Bodies are read by this file, under its own limits; without listeners the stream stays untouched.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", (_request, _payload, done) => done(null));
  // With a listener Node leaves "100 Continue" to us: sent once the request is known to be welcome.
  server.server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) =>
    server.server.emit("request", request, response),
  );
  // Any other expectation is ignored, as RFC 9110 section 10.1.1 allows; Node would send an empty 417.
  server.server.on("checkExpectation", (request: IncomingMessage, response: ServerResponse) =>
    server.server.emit("request", request, response),
  );
  const serve = (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
    serveRequest(parts, request, reply);
  server.all("/*", serve);
  server.setNotFoundHandler(serve);
  server.setErrorHandler((error, request, reply) =>
    sendFailure({ parts, request, reply }, fromFastifyError(error)),
  );
}

export interface Exchange {
  readonly parts: OtlpHttpParts;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

async function serveRequest(
  parts: OtlpHttpParts,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const exchange = { parts, request, reply };
  const { origin } = request.headers;
  const originIsAllowed = isAllowedOrigin(parts, origin);
  reply.headers(corsHeaders(origin, originIsAllowed));
  if (request.method === "OPTIONS" && "access-control-request-method" in request.headers) {
    return reply.code(204).headers(preflightHeaders(originIsAllowed)).send();
  }
  try {
    return await serveExport(exchange, originIsAllowed);
  } catch (error) {
    return sendFailure(exchange, error);
  }
}

export function isAllowedOrigin(parts: OtlpHttpParts, origin: string | undefined): boolean {
  if (origin === undefined) return false;
  return parts.corsOrigins.has(origin) || parts.control().origins.has(origin);
}

/** Cheapest refusals first; the body is read only for a sender that may send. */
async function serveExport(exchange: Exchange, originIsAllowed: boolean): Promise<FastifyReply> {
  const { parts, request, reply } = exchange;
  const { headers } = request;
  requireHostHeader(request.raw.httpVersion, headers.host);
  const signal = signalOfPath(request.url);
  requirePost(request.method);
  refuseWhileDraining(parts);
  const sender = parts.authenticator.authenticate(signedRequestOf(request));
  if (sender.apiKeyId === undefined) requireLoopbackHost(headers.host, parts.hosts);
  requireOrigin(headers.origin, sender, originIsAllowed);
  parts.rateLimiter.admit(sender.projectId, parts.nowMs());
  const mediaType = requireMediaType(headers["content-type"]);
  const wireEncoding = contentEncodingOf(headers["content-encoding"]);
  parts.storage.refuseWhileBehind();
  const reservation = parts.budget.open();
  let wire: Buffer | undefined;
  try {
    if (awaitsContinue(request)) reply.raw.writeContinue();
    const limits = { sizeBytesMax: parts.sizeBytesMax, timeoutMs: parts.bodyTimeoutMs };
    wire = await readBody(request.raw, limits, reservation);
    const received = { signal, sender, wire, wireEncoding, isJson: mediaType.isJson };
    const result = await acceptExport(parts, received, reservation);
    if (parts.isDraining()) reply.header("connection", "close");
    reply.header("content-type", mediaType.name);
    return await reply.send(successBody(signal, result, mediaType.isJson ? "json" : "protobuf"));
  } finally {
    reservation.release();
    if (wire !== undefined) releaseMemory(wire);
  }
}

const awaitsContinue = (request: FastifyRequest): boolean =>
  request.headers.expect?.toLowerCase() === "100-continue" && request.raw.httpVersion !== "1.0";

/** A request as admission sees it. */
export function signedRequestOf(request: FastifyRequest): SignedRequest {
  return {
    method: request.method,
    path: pathOf(request.url),
    header: (name) => {
      const value = request.headers[name];
      return Array.isArray(value) ? value[0] : value;
    },
  };
}

/** Answers a request whose URL cannot be parsed; Fastify refuses it before any handler sees it. */
export function refuseUrl(exchange: Exchange): void {
  const reason = "the URL cannot be read; send to /v1/traces, /v1/logs or /v1/metrics";
  void sendFailure(exchange, new LensError("ingest.path_unknown", reason));
}

/** Answers with a google.rpc.Status in the encoding of the request, JSON when it named none. */
export function sendFailure(exchange: Exchange, thrown: unknown): FastifyReply {
  const { parts, request, reply } = exchange;
  const error = toLensError(thrown);
  const status = otlpStatusOf(error.code);
  if (status.http === 500) parts.onInternalError(thrown);
  parts.telemetry.countRefusal(error.code);
  const mediaType = otlpMediaType(request.headers["content-type"]);
  const isProtobuf = mediaType?.isJson === false;
  reply.code(status.http);
  reply.header("content-type", isProtobuf ? (mediaType?.name ?? "") : "application/json");
  if (status.http === 405 && !reply.hasHeader("allow")) reply.header("allow", "POST");
  if (status.http === 401) reply.header("www-authenticate", challengeOf(error));
  const retryAfterSeconds = retryAfterSecondsOf(error);
  if (retryAfterSeconds !== undefined) reply.header("retry-after", String(retryAfterSeconds));
  if (mustClose(exchange, error)) reply.header("connection", "close");
  discardRest(request.raw);
  return reply.send(statusBody(error, isProtobuf ? "protobuf" : "json"));
}

/** RFC 9110 section 15.5.2: a 401 says by what one may prove who one is. */
const challengeOf = ({ code }: LensError): string =>
  code.startsWith("auth.signature_") ? "Signature" : "Bearer";

/** After a time-out or an unsent "100 Continue" nobody knows where the next request would begin. */
function mustClose({ parts, request }: Exchange, error: LensError): boolean {
  return (
    error.code === "ingest.body_timeout" ||
    parts.isDraining() ||
    (awaitsContinue(request) && !request.raw.complete)
  );
}

/**
 * Reads on after an early answer, because closing with unread bytes would reset the connection and the
 * client would never see the answer; but not for long.
 */
function discardRest(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  const timer = setTimeout(() => request.socket.destroy(), LINGER_TIMEOUT_MS);
  timer.unref();
  request.once("close", () => clearTimeout(timer));
  request.once("end", () => clearTimeout(timer));
  request.resume();
}

/** Fastify itself refuses a content-type that is not even one. */
function fromFastifyError(error: unknown): unknown {
  const { code = "" } = error as { code?: string };
  if (!code.startsWith("FST_ERR_CTP_")) return error;
  return new LensError(
    "ingest.content_type_unsupported",
    "the content-type cannot be read; send application/x-protobuf or application/json",
  );
}
