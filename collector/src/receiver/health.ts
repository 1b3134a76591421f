import { timingSafeEqual } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { sha256Hex } from "../control/index-snapshot.ts";

/** Can the collector accept, and can it land what it accepted? */
export interface Readiness {
  /** What is not ready, one sentence each; empty when everything is. */
  problems(): readonly string[];
}

export interface HealthParts {
  readonly readiness: Readiness;
  readonly isDraining: () => boolean;
  /** What /internal/stats answers; plain JSON. */
  readonly stats: () => unknown;
  /** How old the control state is: see SnapshotKeeper.stalenessMs. */
  readonly controlAgeMs: () => number | undefined;
  /** When set, /internal/stats asks for it as a bearer token. */
  readonly controlToken: string | undefined;
}

/**
 * `/healthz`: the process runs. `/readyz`: it can accept and can land; 503 with the reasons when not. A control state
 * that nobody confirms does not make it unready, because ingest goes on by it; its age is told.
 * `/internal/stats`: counters, for this machine and holders of the control token.
 */
export function serveHealth(server: FastifyInstance, parts: HealthParts): void {
  server.get("/healthz", () => ({ status: "ok" }));
  server.get("/readyz", (_request, reply) => {
    const problems = [
      ...(parts.isDraining() ? ["the collector is stopping"] : []),
      ...parts.readiness.problems(),
    ];
    const ageMs = parts.controlAgeMs();
    const control = ageMs !== undefined && { control: { ageSeconds: Math.floor(ageMs / 1000) } };
    if (problems.length === 0) return reply.send({ status: "ready", ...control });
    const status = "not ready";
    return reply
      .code(503)
      .header("retry-after", "1")
      .send({ status, problems, ...control });
  });
  server.get("/internal/stats", (request, reply) =>
    mayReadStats(request, parts.controlToken)
      ? reply.send(parts.stats())
      : reply.code(404).send({ status: "not found" }),
  );
}

const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.)/;

function mayReadStats(request: FastifyRequest, controlToken: string | undefined): boolean {
  const address = request.raw.socket.remoteAddress ?? "";
  if (controlToken === undefined) return LOOPBACK.test(address);
  const presented = (request.headers.authorization ?? "").replace(/^Bearer /i, "");
  return timingSafeEqual(Buffer.from(sha256Hex(presented)), Buffer.from(sha256Hex(controlToken)));
}
