import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { metricPointsIn, spanNamesIn } from "./otlp-fields.ts";
import type { ReadMetricPoint } from "./otlp-fields.ts";

export interface ReceivedExport {
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  /** As sent. */
  readonly body: Buffer;
  readonly spanNames: readonly string[];
  readonly metricPoints: readonly ReadMetricPoint[];
}

export type Answer = (received: ReceivedExport, response: http.ServerResponse) => void;

/** A receiver of OTLP on a loopback port that answers as each test says. */
export interface OtlpReceiver {
  readonly url: string;
  /** All, however they were answered. */
  readonly requests: readonly ReceivedExport[];
  answer: Answer;
  stop(): Promise<void>;
}

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const requests: ReceivedExport[] = [];
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("error", () => {});
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const received = read(request, Buffer.concat(chunks));
      requests.push(received);
      receiver.answer(received, response);
    });
  });
  const receiver: OtlpReceiver & { url: string } = {
    url: "",
    requests,
    answer: taken,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return receiver;
}

export const taken: Answer = (_, response) => {
  response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
};

export const status =
  (code: number, headers: http.OutgoingHttpHeaders = {}, body = ""): Answer =>
  (_, response) => {
    response.writeHead(code, headers).end(body);
  };

function read(request: http.IncomingMessage, body: Buffer): ReceivedExport {
  const plain = request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
  const path = request.url ?? "";
  return {
    path,
    headers: request.headers,
    body,
    spanNames: path === "/v1/traces" ? spanNamesIn(plain) : [],
    metricPoints: path === "/v1/metrics" ? metricPointsIn(plain) : [],
  };
}
