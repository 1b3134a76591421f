import type { ClientRequest, IncomingMessage } from "node:http";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import type { Transform } from "node:stream";
import type { AnswerObserver } from "../calls/answer-observer.ts";
import type { Attempt } from "../calls/attempt.ts";
import { neverThrow } from "../spans/never-throw.ts";

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

/** Ends the attempt when the request ends without an answer. */
export function observeRequestEnd(
  request: ClientRequest,
  attempt: Attempt,
  isAnswered: () => boolean,
): void {
  // No listener for errors: with one, an error that nobody handles would no longer be one.
  request.once("close", () => {
    if (!isAnswered()) attempt.failed(request.errored ?? request.socket?.errored);
  });
}

/** Reads an answer as it comes from the network, whether and however the application reads it. */
export function observeIncoming(response: IncomingMessage, attempt: Attempt): void {
  const { statusCode: status = 0, headers } = response;
  const header = (name: string): string | undefined =>
    [headers[name]].flat().join(", ") || undefined;
  const observer = attempt.answered({ status, header });
  if (observer === undefined) return;
  const content = decodedContent(header("content-encoding"), observer);
  let hasChunk = false;
  const push = response.push.bind(response);
  response.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    neverThrow("reading an answer", () => {
      if (!(chunk instanceof Uint8Array)) return;
      hasChunk = true;
      content.write(chunk);
    });
    return push(chunk, encoding);
  };
  response.once("close", () => {
    // Where nobody listens for an answer, Node lets its bytes go.
    if (!hasChunk) attempt.abandon();
    else if (response.complete) content.end(() => observer.end());
    else content.end(() => observer.fail(response.errored ?? undefined));
  });
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
function decodedContent(encoding: string | undefined, { chunk }: AnswerObserver): Content {
  const decoder = DECODERS[encoding?.trim().toLowerCase() ?? ""]?.();
  if (decoder === undefined) {
    return { write: (bytes) => void chunk(bytes), end: (then) => then() };
  }
  decoder.on("data", (bytes: Buffer) => void chunk(bytes));
  return {
    write: (bytes) => void decoder.write(bytes),
    end(then) {
      // A body that was cut ends in an error; what came before it has been read.
      decoder.once("error", () => then());
      decoder.once("end", () => then());
      decoder.end();
    },
  };
}
