import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import path from "node:path";

/** Stores every OTLP request that it gets, byte for byte. */
export interface Recorder {
  readonly url: string;
  /** The same for OTLP over gRPC. */
  readonly grpcUrl: string;
  /** Records into another folder from now on. */
  recordInto(folder: string): void;
  stop(): Promise<void>;
}

const SIGNALS = ["traces", "logs", "metrics"] as const;
type Signal = (typeof SIGNALS)[number];
/** Say who sent it, or which connection it was: nothing that belongs into a recording. */
const LEFT_OUT: ReadonlySet<string> = new Set(
  "host connection authorization x-api-key api_key x-langfuse-public-key".split(" "),
);

export async function startRecorder(): Promise<Recorder> {
  let target = "";
  let count = 0;
  const record = (received: Received): void => {
    count += 1;
    store(path.join(target, "requests", String(count).padStart(3, "0")), received);
  };
  const server = http.createServer((request, response) => receiveHttp(request, response, record));
  const grpcServer = http2.createServer();
  grpcServer.on("stream", (stream, headers) => receiveGrpc(stream, headers, record));
  const grpcSessions = new Set<http2.ServerHttp2Session>();
  grpcServer.on("session", (session) => grpcSessions.add(session));
  for (const each of [server, grpcServer]) {
    each.listen(0, "127.0.0.1");
    await once(each, "listening");
  }
  return {
    url: urlOf(server.address()),
    grpcUrl: urlOf(grpcServer.address()),
    recordInto(folder) {
      target = folder;
      count = 0;
      mkdirSync(path.join(folder, "requests"), { recursive: true });
    },
    async stop() {
      server.closeAllConnections();
      for (const session of grpcSessions) session.destroy();
      await Promise.all(
        [server, grpcServer].map((each) => {
          const closed = once(each, "close");
          each.close();
          return closed;
        }),
      );
    },
  };
}

const urlOf = (address: string | AddressInfo | null): string =>
  `http://127.0.0.1:${(address as AddressInfo).port}`;

function receiveHttp(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  record: (received: Received) => void,
): void {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const signal = SIGNALS.find((each) => request.url?.split("?")[0]?.endsWith(`/v1/${each}`));
    if (signal !== undefined && request.method === "POST") {
      const contentEncoding = request.headers["content-encoding"] ?? null;
      const { headers, url = "" } = request;
      const facts = { transport: "http", signal, path: url, contentEncoding, headers } as const;
      record({ facts, body: Buffer.concat(chunks) });
    }
    answer(request, response);
  });
}

const GRPC_HEAD_BYTES = 5;
const SIGNAL_OF_SERVICE = {
  TraceService: "traces",
  LogsService: "logs",
  MetricsService: "metrics",
};

/** A unary call: one message behind a byte that says whether it is compressed, and four of its length. */
function receiveGrpc(
  stream: http2.ServerHttp2Stream,
  headers: http2.IncomingHttpHeaders,
  record: (received: Received) => void,
): void {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.on("end", () => {
    const frame = Buffer.concat(chunks);
    const url = headers[":path"] ?? "";
    const service = Object.entries(SIGNAL_OF_SERVICE).find(([name]) => url.includes(name));
    if (service !== undefined) {
      const grpcCompressedFlag = frame[0] ?? 0;
      const encoding = headers["grpc-encoding"];
      const contentEncoding = typeof encoding === "string" ? encoding : null;
      const named = Object.fromEntries(
        Object.entries(headers).filter(([name]) => !name.startsWith(":")),
      );
      const signal = service[1] as Signal;
      const common = { transport: "grpc", signal, path: url, contentEncoding } as const;
      const facts = { ...common, grpcCompressedFlag, headers: named };
      record({ facts, body: frame.subarray(GRPC_HEAD_BYTES) });
    }
    stream.respond(
      { ":status": 200, "content-type": "application/grpc" },
      { waitForTrailers: true },
    );
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(Buffer.alloc(GRPC_HEAD_BYTES));
  });
}

/** An empty message is a full success, in both encodings. */
function answer({ headers }: http.IncomingMessage, response: http.ServerResponse): void {
  const isProtobuf = headers["content-type"]?.includes("protobuf") === true;
  const type = isProtobuf ? "application/x-protobuf" : "application/json";
  response.writeHead(200, { "content-type": type }).end(isProtobuf ? "" : "{}");
}

interface Received {
  readonly facts: {
    readonly transport: "http" | "grpc";
    readonly signal: Signal;
    readonly path: string;
    readonly contentEncoding: string | null;
    readonly grpcCompressedFlag?: number;
    readonly headers: http.IncomingHttpHeaders;
  };
  /** Of gRPC the message without its frame. */
  readonly body: Buffer;
}

function store(file: string, { facts, body }: Received): void {
  const headers = Object.fromEntries(
    Object.entries(facts.headers).filter(([header]) => !LEFT_OUT.has(header)),
  );
  const meta = { ...facts, method: "POST", headers };
  writeFileSync(`${file}.bin`, body);
  writeFileSync(`${file}.meta.json`, `${JSON.stringify(meta, undefined, 2)}\n`);
}
