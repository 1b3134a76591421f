// A provider of models and a collector in a process of their own, as fast as node:http is: the child of main.ts.
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import zlib from "node:zlib";
import { HELD_HEADER } from "./held-header.ts";

/** Where the two listen; the first message to the parent. */
export interface ProviderAddresses {
  readonly providerUrl: string;
  readonly collectorUrl: string;
}

/** Until a model has begun to answer: no provider is faster. What is done meanwhile, nobody waits for. */
const PROVIDER_MS = 2;
const STREAM_CHUNKS = 50;
const USAGE = { prompt_tokens: 800, completion_tokens: 100, total_tokens: 900 };
const HEAD = { id: "chatcmpl-1", created: 1_790_000_000, model: "gpt-4o-mini" };

const WHOLE = JSON.stringify({
  ...HEAD,
  object: "chat.completion",
  choices: [
    {
      index: 0,
      finish_reason: "stop",
      message: { role: "assistant", content: "It is done. ".repeat(60) },
    },
  ],
  usage: USAGE,
});

const event = (data: object): string =>
  `data: ${JSON.stringify({ ...HEAD, object: "chat.completion.chunk", ...data })}\n\n`;
const delta = (content: string, finish: string | null = null): string =>
  event({ choices: [{ index: 0, delta: { content }, finish_reason: finish }], usage: null });
const FIRST = delta("It is ");
const REST = [
  ...Array.from({ length: STREAM_CHUNKS }, (_, chunk) => delta(`word ${chunk} `)),
  delta("", "stop"),
  event({ choices: [], usage: USAGE }),
  "data: [DONE]\n\n",
];

/** The same compressed, each part so that it can be read before the next one comes. */
const GZIPPED_WHOLE = zlib.gzipSync(WHOLE);
const GZIPPED_STREAM = await gzippedParts([FIRST, ...REST]);

async function gzippedParts(parts: readonly string[]): Promise<readonly Buffer[]> {
  const gzip = zlib.createGzip();
  const gzipped: Buffer[] = [];
  for (const part of parts) {
    gzip.write(part);
    await new Promise<void>((resolve) => gzip.flush(zlib.constants.Z_SYNC_FLUSH, resolve));
    gzipped.push(gzip.read() as Buffer);
  }
  gzip.end();
  return [...gzipped, ...((await gzip.toArray()) as Buffer[])];
}

/** Streams that were opened and stay so until all of them are to go on. */
const held = new Set<http.ServerResponse>();

function answer(request: http.IncomingMessage, response: http.ServerResponse): void {
  const isGzip = request.headers["accept-encoding"] === "gzip";
  if (isGzip) response.setHeader("content-encoding", "gzip");
  if (request.headers["x-answer"] === "stream") {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const chunk of isGzip ? GZIPPED_STREAM : [FIRST, ...REST]) response.write(chunk);
    response.end();
  } else if (request.headers["x-answer"] === "held") {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(FIRST);
    held.add(response);
  } else {
    response
      .writeHead(200, { "content-type": "application/json" })
      .end(isGzip ? GZIPPED_WHOLE : WHOLE);
  }
}

async function serve(answering: http.RequestListener, answerMs: number): Promise<string> {
  const server = http.createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      const startMs = performance.now();
      setTimeout(() => {
        response.setHeader(HELD_HEADER, performance.now() - startMs);
        answering(request, response);
      }, answerMs);
    });
  });
  // No connection is closed, however long a machine that is busy leaves it alone.
  server.keepAliveTimeout = 0;
  server.headersTimeout = 0;
  server.requestTimeout = 0;
  server.listen({ port: 0, host: "127.0.0.1", backlog: 16_384 });
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

process.on("message", () => {
  for (const response of held) response.end(REST.join(""));
  held.clear();
  process.send?.("released");
});

const addresses: ProviderAddresses = {
  providerUrl: await serve(answer, PROVIDER_MS),
  collectorUrl: await serve((_, response) => void response.writeHead(200).end(), 0),
};
process.send?.(addresses);
