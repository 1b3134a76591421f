import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";

export interface SeenRequest {
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** A server on a loopback port that answers as each test says. */
export interface ProviderServer {
  readonly url: string;
  readonly requests: readonly SeenRequest[];
  answer: (request: SeenRequest, response: http.ServerResponse) => void | Promise<void>;
  stop(): Promise<void>;
}

export async function startProviderServer({ speaksHttp2 = false } = {}): Promise<ProviderServer> {
  const requests: SeenRequest[] = [];
  const serve = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const seen = {
        path: request.url ?? "",
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      };
      requests.push(seen);
      void provider.answer(seen, response);
    });
  };
  // Its requests and responses can do what those of HTTP/1.1 can, as far as they are used here.
  const server = speaksHttp2 ? http2.createServer(serve as never) : http.createServer(serve);
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on("session", (session: http2.ServerHttp2Session) => sessions.add(session));
  const provider: ProviderServer = {
    url: "",
    requests,
    answer: (_, response) => void response.writeHead(404).end(),
    async stop() {
      for (const session of sessions) session.destroy();
      if (server instanceof http.Server) server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return Object.assign(provider, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  });
}

export const json =
  (body: unknown, status = 200) =>
  (_: SeenRequest, response: http.ServerResponse): void => {
    response.writeHead(status, { "content-type": "application/json", "x-request-id": "req_1" });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };

/** A stream of these chunks; `end` says what happens after the last one. */
export const stream =
  (chunks: readonly string[], end: "whole" | "cut" | "never" = "whole") =>
  (_: SeenRequest, response: http.ServerResponse): void => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const chunk of chunks) response.write(chunk);
    if (end === "whole") response.end();
    // What was written must have left before the line breaks.
    if (end === "cut") setImmediate(() => setImmediate(() => response.destroy()));
  };

/** A stream that writes this over and over until its client has gone. */
export function endless(chunk: string, onLeft: () => void): ProviderServer["answer"] {
  return (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.on("close", onLeft);
    const write = (): void => {
      if (response.destroyed) return;
      response.write(chunk);
      setImmediate(write);
    };
    write();
  };
}
