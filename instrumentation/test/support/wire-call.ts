import { recogniseCall } from "../../src/wire/recognise-call.ts";
import type { WireCall } from "../../src/wire/recognise-call.ts";
import { createResponseReader } from "../../src/wire/response-reader.ts";
import type { BodyEnd } from "../../src/wire/response-reader.ts";
import type { ResponseFacts } from "../../src/wire/response-facts.ts";

export function callOf(url: string, body?: unknown): WireCall | undefined {
  const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  return recogniseCall({ method: "POST", url: new URL(url), body: text });
}

/** What is read from an answer that comes in these chunks. */
export function factsOf(
  call: WireCall | undefined,
  chunks: readonly (string | Uint8Array)[],
  {
    contentType = "text/event-stream",
    end = "whole",
    headers = {},
  }: { contentType?: string; end?: BodyEnd; headers?: Readonly<Record<string, string>> } = {},
): ResponseFacts {
  if (call === undefined) throw new Error("no call was recognised");
  const reader = createResponseReader(call, (name) =>
    name === "content-type" ? contentType : headers[name],
  );
  if (reader === undefined) throw new Error(`no reader for ${contentType}`);
  for (const chunk of chunks) {
    // As a Buffer, whose memory is used again.
    const passing = Buffer.from(chunk as Uint8Array);
    reader.push(passing);
    passing.fill(0);
  }
  reader.end(end);
  return reader.facts;
}

export const sse = (event: unknown): string =>
  `data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`;
