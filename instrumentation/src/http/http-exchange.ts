import type { ClientRequest, IncomingMessage } from "node:http";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import type { Transform } from "node:stream";
import { isRefusal } from "../spans/call-span.ts";
import type { CallSpan } from "../spans/call-span.ts";
import { neverThrow } from "../spans/never-throw.ts";
import { createResponseFacts } from "../wire/response-facts.ts";
import { createResponseReader } from "../wire/response-reader.ts";
import type { ResponseReader } from "../wire/response-reader.ts";

/** What of a request was written, as far as it is kept. */
export class SentBody {
  readonly #limit: number;
  #chunks: Buffer[] | undefined = [];
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(chunk: unknown, encoding: unknown): void {
    const bytes = bytesOf(chunk, encoding);
    if (bytes === undefined || this.#chunks === undefined) return;
    this.#length += bytes.length;
    if (this.#length > this.#limit) this.#chunks = undefined;
    else this.#chunks.push(bytes);
  }

  text(): string | undefined {
    return this.#chunks === undefined ? undefined : Buffer.concat(this.#chunks).toString();
  }
}

function bytesOf(chunk: unknown, encoding: unknown): Buffer | undefined {
  if (typeof chunk === "string") {
    return Buffer.from(chunk, typeof encoding === "string" ? (encoding as BufferEncoding) : "utf8");
  }
  // Copied: whoever wrote it may use the memory again.
  return chunk instanceof Uint8Array ? Buffer.from(chunk) : undefined;
}

/** Ends the span when the request ends without an answer. */
export function observeRequestEnd(
  request: ClientRequest,
  span: CallSpan,
  isAnswered: () => boolean,
): void {
  // No listener for errors: with one, an error that nobody handles would no longer be one.
  request.once("close", () => {
    if (isAnswered()) return;
    neverThrow("ending a span", () => span.fail(request.errored ?? request.socket?.errored));
  });
}

/** Reads an answer as it comes from the network, whether and however the application reads it. */
export function observeIncoming(response: IncomingMessage, span: CallSpan): void {
  const status = response.statusCode ?? 0;
  if (isRefusal(status)) {
    span.refuse(status);
    return;
  }
  const reader = createResponseReader(
    span.call,
    (name) => [response.headers[name]].flat().join(", ") || undefined,
  );
  if (reader === undefined) {
    span.complete({ ...createResponseFacts(), problem: "content_type_unknown" });
    return;
  }
  const content = decodedContent(response.headers["content-encoding"], reader);
  const push = response.push.bind(response);
  response.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    neverThrow("reading an answer", () => {
      if (!(chunk instanceof Uint8Array)) return;
      span.chunkArrived();
      content.write(chunk);
    });
    return push(chunk, encoding);
  };
  const end = (how: "whole" | "broken_off"): void => {
    if (!span.hasChunk) {
      // Where nobody listens for an answer, Node lets its bytes go.
      span.abandon();
      return;
    }
    content.end(() => {
      neverThrow("reading the end of an answer", () => reader.end(how));
      neverThrow("ending a span", () => span.complete(reader.facts, response.errored ?? undefined));
    });
  };
  span.onAbandon = () => end("broken_off");
  response.once("close", () => end(response.complete ? "whole" : "broken_off"));
}

interface Content {
  write(chunk: Uint8Array): void;
  /** Calls back when everything written has been read. */
  end(then: () => void): void;
}

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** What the application decodes for itself, decoded for the reader as well. */
function decodedContent(encoding: string | undefined, reader: ResponseReader): Content {
  const decoder = DECODERS[encoding?.trim().toLowerCase() ?? ""]?.();
  if (decoder === undefined) {
    return { write: (chunk) => reader.push(chunk), end: (then) => then() };
  }
  decoder.on("data", (chunk: Buffer) => neverThrow("reading an answer", () => reader.push(chunk)));
  return {
    write: (chunk) => void decoder.write(chunk),
    end(then) {
      // A body that was cut ends in an error; what came before it has been read.
      decoder.once("error", () => then());
      decoder.once("end", () => then());
      decoder.end();
    },
  };
}
