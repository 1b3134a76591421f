import { Metadata, Server, ServerInterceptingCall } from "@grpc/grpc-js";
import type {
  MethodDefinition,
  ServerInterceptor,
  ServerUnaryCall,
  ServiceDefinition,
  sendUnaryData,
  status as GrpcStatus,
} from "@grpc/grpc-js";
import type { Sender } from "../admission/authenticate.ts";
import type { Signal } from "../pipeline/ingest.ts";
import { acceptExport, inflate, refuseWhileDraining } from "./accept-export.ts";
import type { ReceiverParts } from "./accept-export.ts";
import { GrpcIntake } from "./grpc-intake.ts";
import { statusBody, successBody } from "./otlp-response.ts";
import { otlpStatusOf, toLensError } from "./otlp-status.ts";

export interface OtlpGrpcParts extends ReceiverParts {
  readonly onInternalError: (error: unknown) => void;
}

const SERVICES: Readonly<Record<Signal, string>> = {
  traces: "opentelemetry.proto.collector.trace.v1.TraceService",
  logs: "opentelemetry.proto.collector.logs.v1.LogsService",
  metrics: "opentelemetry.proto.collector.metrics.v1.MetricsService",
};

/**
 * What a signature over gRPC covers as content-type, whatever suffix a client sends: grpc-js keeps it to itself.
 * The signed body is the message, inflated: that is what senders see of it.
 */
const SIGNED_CONTENT_TYPE = "application/grpc";

/** Idle connections are pinged, so that half-open ones do not pile up. */
const KEEP_ALIVE_INTERVAL_MS = 60_000;

/**
 * The server of the OTLP/gRPC port. Messages stay bytes in both directions: the pipeline decodes them as
 * it decodes HTTP bodies, compressed ones included. Services that are not served, profiles among them, get
 * UNIMPLEMENTED from grpc-js. Not yet listening.
 */
export function createGrpcServer(parts: OtlpGrpcParts): Server {
  const admitted: Admitted = new WeakMap();
  const server = new Server({
    "grpc.max_receive_message_length": parts.sizeBytesMax,
    "grpc.keepalive_time_ms": KEEP_ALIVE_INTERVAL_MS,
    interceptors: [admission(parts, admitted)],
  });
  for (const [signal, service] of Object.entries(SERVICES)) {
    server.addService(exportService(service), {
      Export: (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) =>
        void answerExport(parts, { signal: signal as Signal, call, admitted }, callback),
    });
  }
  return server;
}

/** Calls that were admitted, by the metadata that they came with. */
type Admitted = WeakMap<Metadata, { readonly sender: Sender; readonly intake: GrpcIntake }>;

/** Cheapest refusals first: a message is only read for a sender that may send. */
function admission(parts: OtlpGrpcParts, admitted: Admitted): ServerInterceptor {
  return ({ path }, call) => {
    const refuse = (error: unknown): void => call.sendStatus(toServiceError(parts, error));
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, read) => {
            try {
              const sender = admit(parts, path, metadata);
              const { bodyTimeoutMs: timeoutMs, budget } = parts;
              const intake = new GrpcIntake(call, {
                reservation: budget.open(),
                timeoutMs,
                refuse,
              });
              admitted.set(metadata, { sender, intake });
            } catch (error) {
              refuse(error);
              return;
            }
            read(metadata);
          },
        }),
    });
  };
}

function admit(parts: OtlpGrpcParts, path: string, metadata: Metadata): Sender {
  refuseWhileDraining(parts);
  const sender = parts.authenticator.authenticate({
    method: "POST",
    path,
    header: (name) =>
      name === "content-type" ? SIGNED_CONTENT_TYPE : metadata.get(name)[0]?.toString(),
  });
  parts.rateLimiter.admit(sender.projectId, parts.nowMs());
  parts.storage.refuseWhileBehind();
  return sender;
}

const identity = (bytes: Buffer): Buffer => bytes;

const methodPath = (service: string): string => `/${service}/Export`;

function exportService(name: string): ServiceDefinition {
  const method: MethodDefinition<Buffer, Buffer> = {
    path: methodPath(name),
    requestStream: false,
    responseStream: false,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  };
  return { Export: method };
}

interface GrpcExport {
  readonly signal: Signal;
  readonly call: ServerUnaryCall<Buffer, Buffer>;
  readonly admitted: Admitted;
}

async function answerExport(
  parts: OtlpGrpcParts,
  request: GrpcExport,
  callback: sendUnaryData<Buffer>,
): Promise<void> {
  let response: Buffer;
  try {
    response = await serveExport(parts, request);
  } catch (error) {
    callback(toServiceError(parts, error));
    return;
  }
  callback(null, response);
}

async function serveExport(
  parts: OtlpGrpcParts,
  { signal, call, admitted }: GrpcExport,
): Promise<Buffer> {
  const { sender, intake } = admitted.get(call.metadata) ?? {};
  if (sender === undefined || intake === undefined)
    throw new Error("a gRPC message arrived that nobody was admitted with");
  try {
    const { reservation } = intake;
    const received = { signal, sender, wire: call.request, wireEncoding: intake.take() } as const;
    const signed =
      sender.signature === undefined
        ? received
        : {
            ...received,
            wire: await parts.turns.run(async () => inflate(parts, received, reservation)),
            wireEncoding: "identity" as const,
          };
    const result = await acceptExport(parts, { ...signed, isJson: false }, reservation);
    return successBody(signal, result, "protobuf");
  } finally {
    intake.reservation.release();
  }
}

/** With the google.rpc.Status, and so RetryInfo, where gRPC carries it. */
function toServiceError(
  parts: OtlpGrpcParts,
  thrown: unknown,
): { code: GrpcStatus; details: string; metadata: Metadata } {
  const error = toLensError(thrown);
  const status = otlpStatusOf(error.code);
  if (status.http === 500) parts.onInternalError(thrown);
  parts.telemetry.countRefusal(error.code);
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", statusBody(error, "protobuf"));
  return { code: status.grpc, details: error.message, metadata };
}
