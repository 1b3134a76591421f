import { parseAcknowledgement } from "@lensai/otel-config/control/acknowledgements";
import type { Acknowledgement } from "@lensai/otel-config/control/acknowledgements";
import { LensError } from "@lensai/otel-config/errors";
import type { FastifyInstance, FastifyReply } from "fastify";
import type { ProcessRegister } from "../control/process-register.ts";
import { refuseWhileDraining } from "./accept-export.ts";
import { authorizeControl, readControlBody } from "./control-exchange.ts";
import { sendFailure } from "./otlp-http.ts";
import type { Exchange, OtlpHttpParts } from "./otlp-http.ts";
import { requirePost } from "./request-line.ts";
import { UnhurriedAnswers } from "./unhurried-answers.ts";

export interface AcknowledgementsHttpParts extends OtlpHttpParts {
  readonly register: ProcessRegister;
}

interface AcknowledgementExchange extends Exchange {
  readonly parts: AcknowledgementsHttpParts;
  readonly answers: UnhurriedAnswers;
}

/** An acknowledgement with the longest names. */
const BODY_BYTES_MAX = 4096;

/** `POST /v1/control/acknowledgements`: the version of the policy that holds in a process. 204, in a while. */
export function serveAcknowledgements(
  server: FastifyInstance,
  parts: AcknowledgementsHttpParts,
): void {
  const answers = new UnhurriedAnswers(() => performance.now());
  server.all("/v1/control/acknowledgements", async (request, reply) => {
    const exchange = { parts, request, reply, answers };
    try {
      return await acknowledge(exchange);
    } catch (error) {
      return sendFailure(exchange, error);
    }
  });
}

async function acknowledge(exchange: AcknowledgementExchange): Promise<FastifyReply> {
  const { parts, request, reply, answers } = exchange;
  requirePost(request.method);
  refuseWhileDraining(parts);
  const sender = authorizeControl(exchange);
  const body = await readControlBody(exchange, sender, BODY_BYTES_MAX);
  parts.register.acknowledged(sender.projectId, acknowledgementOf(body));
  await answers.turn();
  return reply.code(204).send();
}

function acknowledgementOf(body: string): Acknowledgement {
  try {
    return parseAcknowledgement(JSON.parse(body));
  } catch (error) {
    const problem = error instanceof TypeError ? error.message : "it is not JSON";
    throw new LensError("ingest.body_malformed", `the acknowledgement is malformed: ${problem}`);
  }
}
