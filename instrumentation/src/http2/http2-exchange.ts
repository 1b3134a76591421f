import { constants } from "node:http2";
import type { ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import type { AnswerObserver } from "../calls/answer-observer.ts";
import type { Attempt } from "../calls/attempt.ts";
import type { CallObserver } from "../calls/call-observer.ts";
import { decodedAnswer } from "../node/decoded-answer.ts";
import { SentBody } from "../node/sent-body.ts";
import { neverThrow } from "../spans/never-throw.ts";
import { REQUEST_CHARACTERS_MAX } from "../wire/recognise-call.ts";

/** One stream of a client session that could be a call of a model. */
export class Http2Exchange {
  readonly #stream: ClientHttp2Stream;
  readonly #calls: CallObserver;
  readonly #body = new SentBody(REQUEST_CHARACTERS_MAX);
  #hasStarted = false;
  #attempt: Attempt | undefined;
  /** Undefined until the head of the answer was read, null when nothing of its body is. */
  #answer: AnswerObserver | null | undefined;
  /** Bytes may be handed over before the head is. */
  readonly #early: Uint8Array[] = [];
  #hasEnd = false;

  constructor(stream: ClientHttp2Stream, calls: CallObserver) {
    this.#stream = stream;
    this.#calls = calls;
  }

  observe(): void {
    const stream = this.#stream;
    intercept(stream, "write", ([chunk, encoding]) => this.#body.add(chunk, encoding));
    intercept(stream, "end", ([chunk, encoding]) => {
      this.#body.add(chunk, encoding);
      this.#start();
    });
    intercept(stream, "push", ([chunk]) => {
      if (chunk === null) this.#hasEnd = true;
      else if (chunk instanceof Uint8Array) this.#received(chunk);
    });
    // No listener for errors: with one, an error that nobody handles would no longer be one.
    stream.once("response", (headers) => {
      neverThrow("observing HTTP/2", () => this.#answered(headers));
    });
    stream.once("close", () => neverThrow("observing HTTP/2", () => this.#closed()));
  }

  #start(): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    this.#attempt = this.#calls.start({
      transport: "http2",
      // When undici sends it; everybody else calls from the context that the request belongs to.
      isContextLost: true,
      method: "POST",
      url: requestUrlOf(this.#stream),
      body: this.#body.text(),
      header: (name) => textOf(this.#stream.sentHeaders[name]),
    });
  }

  #answered(headers: IncomingHttpHeaders & { ":status"?: number | undefined }): void {
    this.#start();
    const header = (name: string): string | undefined => textOf(headers[name]);
    const status = headers[":status"] ?? 0;
    const observer = this.#attempt?.answered({ status, header });
    this.#answer = observer ? decodedAnswer(header("content-encoding"), observer) : null;
    for (const chunk of this.#early.splice(0)) this.#answer?.chunk(chunk);
  }

  #received(chunk: Uint8Array): void {
    if (this.#answer === undefined) this.#early.push(chunk);
    else this.#answer?.chunk(chunk);
  }

  #closed(): void {
    this.#start();
    const { errored, rstCode } = this.#stream;
    const error = errored ?? resetError(rstCode);
    if (this.#answer === undefined) this.#attempt?.failed(error);
    else if (error !== undefined) this.#answer?.fail(error);
    else if (this.#hasEnd && rstCode === constants.NGHTTP2_NO_ERROR) this.#answer?.end();
    else this.#answer?.cancel();
  }
}

export function requestUrlOf({ sentHeaders }: ClientHttp2Stream): URL {
  const scheme = textOf(sentHeaders[":scheme"]) ?? "https";
  const authority = textOf(sentHeaders[":authority"] ?? sentHeaders.host) ?? "";
  return new URL(sentHeaders[":path"] ?? "/", `${scheme}://${authority}`);
}

/** What a stream that was reset says; the one who left it says nothing. */
function resetError(rstCode: number | undefined): Error | undefined {
  if (rstCode === undefined || rstCode === constants.NGHTTP2_NO_ERROR) return undefined;
  if (rstCode === constants.NGHTTP2_CANCEL) return undefined;
  return Object.assign(new Error("stream was reset"), { code: "ERR_HTTP2_STREAM_ERROR" });
}

function textOf(header: number | string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(", ") : header?.toString();
}

/** Sees what a method of this one stream is given; the method gets it as before. */
function intercept(
  stream: ClientHttp2Stream,
  name: "write" | "end" | "push",
  see: (args: readonly unknown[]) => void,
): void {
  const method = stream[name] as (...args: unknown[]) => unknown;
  const value = function observed(this: ClientHttp2Stream, ...args: unknown[]): unknown {
    neverThrow("observing HTTP/2", () => see(args));
    return Reflect.apply(method, this, args);
  };
  Object.defineProperty(stream, name, { value, configurable: true, writable: true });
}
