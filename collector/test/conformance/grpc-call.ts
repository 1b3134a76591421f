import { once } from "node:events";
import http2 from "node:http2";
import zlib from "node:zlib";
import { decodeWithOracle } from "../receiver/otlp-arbitrary.ts";
import type { TestCollector } from "./harness.ts";

export const GRPC_SERVICES = {
  traces: "opentelemetry.proto.collector.trace.v1.TraceService",
  logs: "opentelemetry.proto.collector.logs.v1.LogsService",
  metrics: "opentelemetry.proto.collector.metrics.v1.MetricsService",
} as const;

export interface GrpcCall {
  readonly service?: string;
  readonly message: Uint8Array;
  readonly isGzip?: boolean;
  /** Says of itself that it is compressed; as `isGzip` when absent. */
  readonly isMarked?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface GrpcAnswer {
  readonly status: number;
  readonly message: string;
  readonly details: Record<string, unknown> | undefined;
  /** The response message; undefined when the call failed. */
  readonly response: Buffer | undefined;
}

/** One unary call written by hand, so that every byte on the wire is known. */
export function call(collector: TestCollector, request: GrpcCall): Promise<GrpcAnswer> {
  return callPort(collector.collector.grpcPort, request);
}

export async function callPort(grpcPort: number, request: GrpcCall): Promise<GrpcAnswer> {
  const { service = GRPC_SERVICES.traces, message, isGzip = false, isMarked = isGzip } = request;
  const payload = isGzip ? zlib.gzipSync(message) : Buffer.from(message);
  const prefix = Buffer.alloc(5);
  prefix[0] = isMarked ? 1 : 0;
  prefix.writeUInt32BE(payload.length, 1);
  const session = http2.connect(`http://127.0.0.1:${grpcPort}`);
  const stream = session.request({
    ":method": "POST",
    ":path": `/${service}/Export`,
    "content-type": "application/grpc+proto",
    te: "trailers",
    ...(isGzip && { "grpc-encoding": "gzip" }),
    ...request.headers,
  });
  const found: Record<string, string> = {};
  stream.on("response", (headers) => Object.assign(found, headers));
  stream.on("trailers", (headers) => Object.assign(found, headers));
  stream.end(Buffer.concat([prefix, payload]));
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  session.close();
  await once(session, "close");
  const details = found["grpc-status-details-bin"];
  const body = Buffer.concat(chunks);
  return {
    status: Number(found["grpc-status"]),
    message: decodeURIComponent(found["grpc-message"] ?? ""),
    details:
      details === undefined
        ? undefined
        : decodeWithOracle("google.rpc.Status", Buffer.from(details, "base64")),
    response: body.length < 5 ? undefined : body.subarray(5),
  };
}
