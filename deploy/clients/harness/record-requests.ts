import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";

/** Stores every OTLP request that it gets, byte for byte. */
export interface Recorder {
  readonly url: string;
  /** Records into another folder from now on. */
  recordInto(folder: string): void;
  stop(): Promise<void>;
}

const SIGNALS = ["traces", "logs", "metrics"] as const;
/** Say who sent it, or which connection it was: nothing that belongs into a recording. */
const LEFT_OUT: ReadonlySet<string> = new Set(
  "host connection authorization x-api-key api_key x-langfuse-public-key".split(" "),
);

export async function startRecorder(): Promise<Recorder> {
  let target = "";
  let count = 0;
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const signal = SIGNALS.find((each) => request.url?.split("?")[0]?.endsWith(`/v1/${each}`));
      if (signal !== undefined && request.method === "POST") {
        count += 1;
        store(path.join(target, "requests"), {
          count,
          signal,
          request,
          body: Buffer.concat(chunks),
        });
      }
      answer(request, response);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    recordInto(folder) {
      target = folder;
      count = 0;
      mkdirSync(path.join(folder, "requests"), { recursive: true });
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** An empty message is a full success, in both encodings. */
function answer({ headers }: http.IncomingMessage, response: http.ServerResponse): void {
  const isProtobuf = headers["content-type"]?.includes("protobuf") === true;
  const type = isProtobuf ? "application/x-protobuf" : "application/json";
  response.writeHead(200, { "content-type": type }).end(isProtobuf ? "" : "{}");
}

interface Received {
  readonly count: number;
  readonly signal: (typeof SIGNALS)[number];
  readonly request: http.IncomingMessage;
  readonly body: Buffer;
}

function store(folder: string, { count, signal, request, body }: Received): void {
  const name = String(count).padStart(3, "0");
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(([header]) => !LEFT_OUT.has(header)),
  );
  const meta = {
    transport: "http",
    signal,
    method: "POST",
    path: request.url,
    contentEncoding: request.headers["content-encoding"] ?? null,
    headers,
  };
  writeFileSync(path.join(folder, `${name}.bin`), body);
  writeFileSync(path.join(folder, `${name}.meta.json`), `${JSON.stringify(meta, undefined, 2)}\n`);
}
