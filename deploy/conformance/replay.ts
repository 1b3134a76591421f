import http from "node:http";
import http2 from "node:http2";
import { setTimeout as delay } from "node:timers/promises";
import type { Recorded } from "./capture.ts";

export interface ReceiverPorts {
  readonly httpPort: number;
  readonly grpcPort: number;
}

/** Headers of the connection it was recorded on, and credentials of the receiver it was meant for. */
const LEFT_OUT: ReadonlySet<string> = new Set(
  "host connection content-length transfer-encoding authorization x-api-key api_key api-key".split(
    " ",
  ),
);
const GRPC_UNAVAILABLE = 14;
/** With the pauses about 5 s: only a receiver that is busy with something else needs more than one. */
const ATTEMPTS_MAX = 100;
const PAUSE_MS = 50;

/**
 * Sends one recorded request byte for byte, again while the receiver asks for that. Answers with undefined
 * when it was taken, else with what the receiver said.
 */
export async function replay(
  recorded: Recorded,
  ports: ReceiverPorts,
): Promise<string | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const { isTaken, isBusy, said } = await (recorded.transport === "grpc"
      ? overGrpc(recorded, ports.grpcPort)
      : overHttp(recorded, ports.httpPort));
    if (isTaken) return undefined;
    if (!isBusy || attempt === ATTEMPTS_MAX) return said;
    await delay(PAUSE_MS);
  }
}

interface Answer {
  readonly isTaken: boolean;
  readonly isBusy: boolean;
  readonly said: string;
}

function overHttp(recorded: Recorded, port: number): Promise<Answer> {
  const headers = Object.fromEntries(
    Object.entries(recorded.headers).filter(([name]) => !LEFT_OUT.has(name.toLowerCase())),
  );
  return new Promise((resolve, reject) => {
    const { method, path, body } = recorded;
    const request = http.request({ host: "127.0.0.1", port, method, path, headers }, (response) => {
      const status = response.statusCode ?? 0;
      response.resume();
      response.on("end", () => {
        const isBusy = status === 503 || status === 429;
        resolve({ isTaken: status === 200, isBusy, said: `HTTP ${status}` });
      });
    });
    request.on("error", reject);
    // In two parts: chunked, as nearly every exporter sends.
    request.write(body.subarray(0, body.length >> 1));
    request.end(body.subarray(body.length >> 1));
  });
}

async function overGrpc(recorded: Recorded, port: number): Promise<Answer> {
  const frame = Buffer.alloc(5);
  frame[0] = recorded.grpcCompressedFlag ?? 0;
  frame.writeUInt32BE(recorded.body.length, 1);
  const session = http2.connect(`http://127.0.0.1:${port}`);
  try {
    const stream = session.request({
      ":method": "POST",
      ":path": recorded.path,
      "content-type": "application/grpc",
      te: "trailers",
      ...(recorded.contentEncoding && { "grpc-encoding": recorded.contentEncoding }),
    });
    const found: Record<string, unknown> = {};
    stream.on("response", (headers) => Object.assign(found, headers));
    stream.on("trailers", (headers) => Object.assign(found, headers));
    stream.end(Buffer.concat([frame, recorded.body]));
    for await (const chunk of stream) void chunk;
    const status = Number(found["grpc-status"] ?? -1);
    return {
      isTaken: status === 0,
      isBusy: status === GRPC_UNAVAILABLE,
      said: `gRPC status ${status}`,
    };
  } finally {
    session.close();
  }
}
