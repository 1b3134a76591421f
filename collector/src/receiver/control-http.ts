import type { FastifyInstance, FastifyReply } from "fastify";
import { INSTANCE_ID_HEADER } from "@lensai/otel-config/control/acknowledgements";
import type { ProcessIdentity } from "@lensai/otel-config/control/acknowledgements";
import { LensError } from "@lensai/otel-config/errors";
import type { Sender } from "../admission/authenticate.ts";
import { requireDigest } from "../admission/request-signature.ts";
import { PolicyAnswers, isKnownTag } from "../control/policy-answers.ts";
import type { PolicyAnswer, PriceOverrides } from "../control/policy-answers.ts";
import type { PolicyStreams } from "../control/policy-streams.ts";
import type { ProcessRegister } from "../control/process-register.ts";
import { refuseWhileDraining } from "./accept-export.ts";
import { authorizeControl, authorizeControlAgain, identityOf } from "./control-exchange.ts";
import { sendFailure } from "./otlp-http.ts";
import type { Exchange, OtlpHttpParts } from "./otlp-http.ts";

export interface ControlHttpParts extends OtlpHttpParts {
  readonly policyStreams: PolicyStreams;
  readonly priceOverrides: PriceOverrides | undefined;
  readonly register: ProcessRegister;
  /** Milliseconds since what is known here was last confirmed; undefined when there is nobody to confirm it. */
  readonly controlAgeMs: () => number | undefined;
}

interface PolicyExchange extends Exchange {
  readonly parts: ControlHttpParts;
  readonly answers: PolicyAnswers;
}

/**
 * `GET /v1/control`: the policy of the caller's project, for processes that keep to budgets and kill-switches.
 * JSON with an ETag for those that poll, server-sent events for those that accept them.
 */
export function serveControl(server: FastifyInstance, parts: ControlHttpParts): void {
  const answers = new PolicyAnswers(parts.priceOverrides);
  server.all("/v1/control", async (request, reply) => {
    const exchange = { parts, request, reply, answers };
    try {
      return await servePolicy(exchange);
    } catch (error) {
      return sendFailure(exchange, error);
    }
  });
}

async function servePolicy(exchange: PolicyExchange): Promise<FastifyReply> {
  const { parts, request, reply, answers } = exchange;
  requireGet(exchange);
  refuseWhileDraining(parts);
  const sender = await reader(exchange);
  const { projectId } = sender;
  const identity = identityOf(request, sender);
  const { accept = "" } = request.headers;
  if (accept.includes("text/event-stream")) return openStream(exchange, projectId, identity);
  const { etag, json, version } = answers.policyOf(parts.control(), projectId);
  parts.register.polled(projectId, identity, version);
  reply.headers({ etag, "cache-control": "no-cache", vary: "accept, authorization" });
  const ageMs = parts.controlAgeMs();
  // RFC 9111 section 5.1: seconds since the origin, here the console, was last heard.
  if (ageMs !== undefined) reply.header("age", String(Math.max(0, Math.floor(ageMs / 1000))));
  if (isKnownTag(request.headers["if-none-match"], etag)) return reply.code(304).send();
  reply.header("content-type", "application/json");
  return reply.send(json);
}

function requireGet({ request, reply }: PolicyExchange): void {
  if (request.method === "GET") return;
  reply.header("allow", "GET");
  throw new LensError(
    "ingest.method_not_allowed",
    `${request.method} is not allowed here; the policy is read with GET`,
  );
}

/** Who asks. A signature is taken once, and covers an empty body. */
async function reader(exchange: PolicyExchange): Promise<Sender> {
  const { parts } = exchange;
  const sender = authorizeControl(exchange);
  if (sender.signature !== undefined) {
    requireDigest(sender.signature, new Uint8Array());
    await parts.replayGuard.takeOnce(sender.signature);
  }
  return sender;
}

function openStream(
  exchange: PolicyExchange,
  projectId: string,
  identity: ProcessIdentity,
): FastifyReply {
  const { parts, request, reply, answers } = exchange;
  parts.policyStreams.refuseWhileFull();
  reply.hijack();
  // It ends with its connection. In chunks, telling a thousand readers would take four writes each.
  reply.raw.useChunkedEncodingByDefault = false;
  reply.raw.writeHead(200, {
    "content-type": "text/event-stream",
    "cache-control": "no-store",
    // nginx would collect the stream otherwise.
    "x-accel-buffering": "no",
  });
  // Asked again each time: a stream may live longer than a key or a secret.
  const policy = (): PolicyAnswer =>
    answers.policyOf(parts.control(), authorizeControlAgain(exchange).projectId);
  // Who does not say who it is will not acknowledge either.
  if (request.headers[INSTANCE_ID_HEADER] !== undefined) {
    reply.raw.on("close", parts.register.connected(projectId, identity));
  }
  parts.policyStreams.add({ policy, response: reply.raw });
  return reply;
}
