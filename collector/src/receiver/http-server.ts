import type { Socket } from "node:net";
import { LensError } from "@lensai/otel-config/errors";
import Fastify from "fastify";
import type { FastifyInstance } from "fastify";
import { serveAcknowledgements } from "./acknowledgements-http.ts";
import { serveControl } from "./control-http.ts";
import type { ControlHttpParts } from "./control-http.ts";
import { serveHealth } from "./health.ts";
import type { HealthParts } from "./health.ts";
import { serveLeases } from "./leases-http.ts";
import type { LeasesHttpParts } from "./leases-http.ts";
import { HEADERS_TIMEOUT_MS, KEEP_ALIVE_TIMEOUT_MS } from "./limits.ts";
import { refuseUrl, serveOtlpHttp } from "./otlp-http.ts";
import { statusBody } from "./otlp-response.ts";
import { originForm } from "./request-line.ts";

/** The server of the OTLP/HTTP port: exports, the policy, leases, health and counters. Not yet listening. */
export function createHttpServer(
  parts: ControlHttpParts & LeasesHttpParts & HealthParts,
): FastifyInstance {
  const server = Fastify({
    logger: false,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    // Node would refuse a missing Host header with an empty answer; ours says what is wrong.
    http: { headersTimeout: HEADERS_TIMEOUT_MS, requireHostHeader: false },
    // readBody has the limit that answers; this one only ends what never became a request.
    requestTimeout: parts.bodyTimeoutMs + HEADERS_TIMEOUT_MS,
    // Draining requests are answered by our own handler, in the encoding of the request.
    return503OnClosing: false,
    forceCloseConnections: "idle",
    exposeHeadRoutes: false,
    rewriteUrl: (request) => originForm(request.url ?? "/"),
    clientErrorHandler: refuseConnection,
    frameworkErrors: (_error, request, reply) => refuseUrl({ parts, request, reply }),
  });
  serveHealth(server, parts);
  serveControl(server, parts);
  serveLeases(server, parts);
  serveAcknowledgements(server, parts);
  serveOtlpHttp(server, parts);
  return server;
}

interface RawRefusal {
  readonly statusLine: string;
  readonly error: LensError;
}

const refusal = (statusLine: string, code: LensError["code"], message: string): RawRefusal => ({
  statusLine,
  error: new LensError(code, message),
});

/** Errors of Node's HTTP parser: there is no request to answer, so the answer is written by hand. */
const REFUSALS: Readonly<Record<string, RawRefusal>> = {
  HPE_PAUSED_H2_UPGRADE: refusal(
    "505 HTTP Version Not Supported",
    "ingest.body_malformed",
    "HTTP/2 is not served on this port; use HTTP/1.1 here or OTLP/gRPC on its own port",
  ),
  HPE_INVALID_VERSION: refusal(
    "505 HTTP Version Not Supported",
    "ingest.body_malformed",
    "only HTTP/1.1 and HTTP/1.0 are served on this port",
  ),
  HPE_HEADER_OVERFLOW: refusal(
    "431 Request Header Fields Too Large",
    "ingest.body_malformed",
    "the request headers are too large",
  ),
  ERR_HTTP_REQUEST_TIMEOUT: refusal(
    "408 Request Timeout",
    "ingest.body_timeout",
    "the request headers did not arrive in time",
  ),
};

const MALFORMED = refusal(
  "400 Bad Request",
  "ingest.body_malformed",
  "this is not an HTTP request",
);

function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const { statusLine, error: reason } = REFUSALS[error.code ?? ""] ?? MALFORMED;
  const body = statusBody(reason, "json");
  socket.end(
    `HTTP/1.1 ${statusLine}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body.toString()}`,
  );
}
