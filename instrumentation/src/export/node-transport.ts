import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import type { ExportAnswer } from "./export-outcome.ts";
import type { ExportRequest, ExportTransport } from "./otlp-client.ts";

export interface TlsFiles {
  readonly ca?: Buffer | undefined;
  readonly cert?: Buffer | undefined;
  readonly key?: Buffer | undefined;
}

/** Answers of OTLP are a few bytes; of longer ones, only the status is of use. */
const ANSWER_BYTES_MAX = 64 * 1024;

/**
 * Sends by node:http, over connections that are kept. A request keeps no process alive: who waits for it has a
 * timer of his own.
 */
export function createNodeTransport(tls: TlsFiles = {}): ExportTransport {
  const plainAgent = new http.Agent({ keepAlive: true });
  const tlsAgent = new https.Agent({ keepAlive: true, ...tls });
  return async (exported) => {
    const { url, headers, body, timeoutMs } = exported;
    const isTls = url.startsWith("https:");
    const request = (isTls ? https : http).request(url, {
      method: "POST",
      agent: isTls ? tlsAgent : plainAgent,
      headers: { ...headers, "content-length": body.length },
    });
    const timer = setTimeout(() => request.destroy(timeoutError(exported)), timeoutMs);
    timer.unref();
    request.on("socket", (socket) => socket.unref());
    // Also after the head of the answer, when nobody waits for it any longer.
    request.on("error", () => {});
    request.end(body);
    try {
      const [response] = (await once(request, "response")) as [http.IncomingMessage];
      return await readAnswer(response);
    } finally {
      clearTimeout(timer);
    }
  };
}

async function readAnswer(response: http.IncomingMessage): Promise<ExportAnswer> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    byteCount += chunk.length;
    // Leaving the loop closes the connection.
    if (byteCount > ANSWER_BYTES_MAX) break;
    chunks.push(chunk);
  }
  const { headers, statusCode = 0 } = response;
  return {
    status: statusCode,
    headers: {
      "retry-after": headers["retry-after"],
      date: headers["date"],
      "content-type": headers["content-type"],
    },
    body: byteCount > ANSWER_BYTES_MAX ? new Uint8Array() : Buffer.concat(chunks),
  };
}

function timeoutError({ timeoutMs }: ExportRequest): Error {
  return Object.assign(new Error(`no answer within ${timeoutMs} ms`), { code: "ETIMEDOUT" });
}
