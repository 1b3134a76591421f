import { createHash } from "node:crypto";
import {
  INSTANCE_ID_HEADER,
  instanceIdOf,
  SERVICE_NAME_HEADER,
  serviceNameOf,
} from "@lensai/otel-config/control/acknowledgements";
import type { ProcessIdentity } from "@lensai/otel-config/control/acknowledgements";
import { LensError } from "@lensai/otel-config/errors";
import type { FastifyRequest } from "fastify";
import type { Sender } from "../admission/authenticate.ts";
import { requireDigest } from "../admission/request-signature.ts";
import { readBody } from "./body.ts";
import { requireOrigin } from "./cors.ts";
import { requireLoopbackHost } from "./host-check.ts";
import { isAllowedOrigin, signedRequestOf } from "./otlp-http.ts";
import type { Exchange } from "./otlp-http.ts";

/** What the requests of processes about control have in common. */

/** Who asks: whoever may know the policy of a project. Throws the LensErrors of the authenticator. */
export function authorizeControl(exchange: Exchange): Sender {
  const { parts, request } = exchange;
  return allowed(exchange, parts.authenticator.authenticate(signedRequestOf(request), "control"));
}

/** The same while the request is being answered: may it be told more? */
export function authorizeControlAgain(exchange: Exchange): Sender {
  const { parts, request } = exchange;
  return allowed(
    exchange,
    parts.authenticator.authenticateAgain(signedRequestOf(request), "control"),
  );
}

function allowed({ parts, request }: Exchange, sender: Sender): Sender {
  const { host, origin } = request.headers;
  if (sender.apiKeyId === undefined) requireLoopbackHost(host, parts.hosts);
  requireOrigin(origin, sender, isAllowedOrigin(parts, origin));
  return sender;
}

/** The body, which a signature covers if there is one; each signature is taken once. */
export async function readControlBody(
  { parts, request }: Exchange,
  { signature }: Sender,
  sizeBytesMax: number,
): Promise<string> {
  const reservation = parts.budget.open();
  try {
    const limits = { sizeBytesMax, timeoutMs: parts.bodyTimeoutMs };
    const body = await readBody(request.raw, limits, reservation);
    if (signature !== undefined) {
      requireDigest(signature, body);
      await parts.replayGuard.takeOnce(signature);
    }
    return Buffer.from(body).toString("utf8");
  } finally {
    reservation.release();
  }
}

/** Who the process says it is; for programs that say nothing, what tells them from each other. */
export function identityOf(request: FastifyRequest, { apiKeyId }: Sender): ProcessIdentity {
  const { [INSTANCE_ID_HEADER]: instanceId, [SERVICE_NAME_HEADER]: name } = request.headers;
  const agent = request.headers["user-agent"] ?? "";
  if (instanceId === undefined) {
    const facts = JSON.stringify([apiKeyId, request.raw.socket.remoteAddress, agent]);
    const hash = createHash("sha256").update(facts).digest("base64url").slice(0, 16);
    return { instanceId: `poll:${hash}`, serviceName: serviceNameOf(agent.split(" ", 1)[0]) };
  }
  try {
    const serviceName = serviceNameOf(decodeURIComponent(String(name ?? "")));
    return { instanceId: instanceIdOf(instanceId), serviceName };
  } catch (error) {
    const problem =
      error instanceof TypeError ? error.message : `${SERVICE_NAME_HEADER} is malformed`;
    throw new LensError("ingest.body_malformed", problem);
  }
}
