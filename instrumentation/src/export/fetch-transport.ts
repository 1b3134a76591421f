import type { ExportAnswer } from "./export-outcome.ts";
import type { ExportTransport } from "./otlp-client.ts";

/** Answers of OTLP are a few bytes; of longer ones, only the status is of use. */
const ANSWER_BYTES_MAX = 64 * 1024;

/** Sends with a `fetch`: for runtimes that have nothing else. */
export function createFetchTransport(fetch: typeof globalThis.fetch): ExportTransport {
  return async ({ url, headers, body, timeoutMs }) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, {
      method: "POST",
      headers,
      body,
      signal,
      redirect: "manual",
    });
    return readAnswer(response);
  };
}

async function readAnswer(response: Response): Promise<ExportAnswer> {
  const header = (name: string): string | undefined => response.headers.get(name) ?? undefined;
  return {
    status: response.status,
    headers: {
      "retry-after": header("retry-after"),
      date: header("date"),
      "content-type": header("content-type"),
    },
    body: await readBody(response.body),
  };
}

async function readBody(body: Response["body"]): Promise<Uint8Array> {
  if (body === null) return new Uint8Array();
  const reader = body.getReader();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let byteCount = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    byteCount += part.value.length;
    if (byteCount > ANSWER_BYTES_MAX) {
      await reader.cancel();
      return new Uint8Array();
    }
    chunks.push(part.value);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}
