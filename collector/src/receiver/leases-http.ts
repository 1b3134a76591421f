import type { FastifyInstance, FastifyReply } from "fastify";
import { LensError } from "@lensai/otel-config/errors";
import { parseLeaseRequest } from "@lensai/otel-config/control/leases";
import type { LeaseRequest } from "@lensai/otel-config/control/leases";
import type { Sender } from "../admission/authenticate.ts";
import { requireDigest } from "../admission/request-signature.ts";
import type { LeaseRelay } from "../control/lease-relay.ts";
import { refuseWhileDraining } from "./accept-export.ts";
import { readBody } from "./body.ts";
import { requireOrigin } from "./cors.ts";
import { requireLoopbackHost } from "./host-check.ts";
import { isAllowedOrigin, sendFailure, signedRequestOf } from "./otlp-http.ts";
import type { Exchange, OtlpHttpParts } from "./otlp-http.ts";
import { requirePost } from "./request-line.ts";

export interface LeasesHttpParts extends OtlpHttpParts {
  readonly leaseRelay: LeaseRelay;
}

interface LeaseExchange extends Exchange {
  readonly parts: LeasesHttpParts;
}

/** As many leases as a request may have, with the longest names of values. */
const BODY_BYTES_MAX = 1024 * 1024;

/**
 * `POST /v1/leases`: what a process has spent of the budgets of its project, and what it wants to spend next. The
 * console has the ledger, and checks that the budgets are the project's.
 */
export function serveLeases(server: FastifyInstance, parts: LeasesHttpParts): void {
  server.all("/v1/leases", async (request, reply) => {
    const exchange = { parts, request, reply };
    try {
      return await answerLeases(exchange);
    } catch (error) {
      return sendFailure(exchange, error);
    }
  });
}

async function answerLeases(exchange: LeaseExchange): Promise<FastifyReply> {
  const { parts, request, reply } = exchange;
  requirePost(request.method);
  refuseWhileDraining(parts);
  const sender = authorize(exchange);
  const { projectId, signature } = sender;
  const reservation = parts.budget.open();
  try {
    const limits = { sizeBytesMax: BODY_BYTES_MAX, timeoutMs: parts.bodyTimeoutMs };
    const body = await readBody(request.raw, limits, reservation);
    if (signature !== undefined) {
      requireDigest(signature, body);
      await parts.replayGuard.takeOnce(signature);
    }
    const answer = await parts.leaseRelay.ask({ ...leaseRequestOf(body), projectId });
    reply.header("content-type", "application/json");
    return await reply.send(JSON.stringify(answer));
  } finally {
    reservation.release();
  }
}

function authorize({ parts, request }: LeaseExchange): Sender {
  const { host, origin } = request.headers;
  const sender = parts.authenticator.authenticate(signedRequestOf(request), "control");
  if (sender.apiKeyId === undefined) requireLoopbackHost(host, parts.hosts);
  requireOrigin(origin, sender, isAllowedOrigin(parts, origin));
  return sender;
}

function leaseRequestOf(body: Uint8Array): LeaseRequest {
  try {
    return parseLeaseRequest(JSON.parse(Buffer.from(body).toString("utf8")));
  } catch (error) {
    const problem = error instanceof TypeError ? error.message : "it is not JSON";
    throw new LensError("ingest.body_malformed", `the request for leases is malformed: ${problem}`);
  }
}
