import { constants } from "node:http2";
import type { ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import type { AnswerObserver } from "../calls/answer-observer.ts";
import type { Attempt } from "../calls/attempt.ts";
import type { CallObserver, CallRequest } from "../calls/call-observer.ts";
import { RestOfAnswer } from "../calls/rest-of-answer.ts";
import type { RefusalError } from "../guard/refusal.ts";
import { answerDecoding } from "../node/decoded-answer.ts";
import { SentBody } from "../node/sent-body.ts";
import { writeAfterEnd } from "../node/write-after-end.ts";
import { neverThrow } from "../spans/never-throw.ts";
import { REQUEST_CHARACTERS_MAX } from "../wire/request-body.ts";
import type { HeldRequest } from "./held-request.ts";
import { answerWithRefusal } from "./refused-stream.ts";

/** The method is not called: what it would do is done later, or not at all. */
const NOT_NOW = Symbol("not now");

/** Arguments of `push` that add nothing. */
const NOTHING = [new Uint8Array(0)];

/** One stream of a client session that could be a call of a model. */
export class Http2Exchange {
  readonly #stream: ClientHttp2Stream;
  readonly #calls: CallObserver;
  readonly #hold: HeldRequest | undefined;
  readonly #body = new SentBody(REQUEST_CHARACTERS_MAX);
  #hasWritten = false;
  #hasStarted = false;
  /** The end of the body waits until it is known whether the request may be sent. */
  #isEndHeld = false;
  #attempt: Attempt | undefined;
  /** Undefined until the head of the answer was read, null when nothing of its body is. */
  #answer: AnswerObserver | null | undefined;
  /** Bytes may be handed over before the head is. */
  readonly #early: Uint8Array[] = [];
  #hasEnd = false;
  #cutOff: RefusalError | undefined;
  #rest: RestOfAnswer | undefined;

  /** With `hold`, nothing of the request has been sent. */
  constructor(stream: ClientHttp2Stream, calls: CallObserver, hold?: HeldRequest) {
    this.#stream = stream;
    this.#calls = calls;
    this.#hold = hold;
  }

  observe(): void {
    const stream = this.#stream;
    intercept(stream, "write", ([chunk, encoding]) => {
      if (this.#isEndHeld) return this.#writtenAfterEnd();
      this.#hasWritten = true;
      this.#body.add(chunk, encoding);
      return undefined;
    });
    const end = intercept(stream, "end", (args) =>
      this.#isEndHeld ? this.#writtenAfterEnd() : this.#ended(args, end),
    );
    intercept(stream, "push", ([chunk]) => {
      if (this.#cutOff !== undefined) {
        if (chunk instanceof Uint8Array) this.#rest?.push(chunk);
        return NOTHING;
      }
      if (chunk === null) this.#hasEnd = true;
      else if (chunk instanceof Uint8Array) this.#received(chunk);
      return this.#cutOff === undefined ? undefined : NOTHING;
    });
    // No listener for errors: with one, an error that nobody handles would no longer be one.
    stream.once("response", (headers) => {
      neverThrow("observing HTTP/2", () => this.#answered(headers));
    });
    stream.once("close", () => neverThrow("observing HTTP/2", () => this.#closed()));
  }

  /** The body is whole: the request goes, as it is or smaller, or is answered here. */
  #ended(args: readonly unknown[], end: Method): Instead {
    this.#body.add(args[0], args[1]);
    const attempt = this.#start();
    if (!(attempt instanceof Promise)) return this.#endedAs(args);
    this.#isEndHeld = true;
    this.#hold?.wait();
    void this.#endLater(args, end, attempt);
    return NOT_NOW;
  }

  /** Never rejects: what the application would have been thrown ends its stream. */
  async #endLater(
    args: readonly unknown[],
    end: Method,
    attempt: Promise<Attempt | undefined>,
  ): Promise<void> {
    this.#attempt = await attempt;
    this.#isEndHeld = false;
    if (this.#stream.destroyed) return this.#neverSent();
    try {
      Reflect.apply(end, this.#stream, this.#endedAs(args) ?? args);
    } catch (error) {
      this.#stream.destroy(error as Error);
    }
  }

  #endedAs([chunk, encoding, ...rest]: readonly unknown[]): readonly unknown[] | undefined {
    const clamped = this.#attempt?.clampedBody;
    const refusal = this.#attempt?.refusal;
    if (refusal === undefined) {
      this.#hold?.send();
      const ended = [chunk, encoding, ...rest].find((each) => typeof each === "function");
      return clamped === undefined ? undefined : [clamped, ended];
    }
    this.#attempt = undefined;
    answerWithRefusal(this.#stream, refusal);
    this.#hold?.keep();
    return undefined;
  }

  #neverSent(): void {
    this.#hold?.keep();
    this.#attempt?.failed(this.#stream.errored ?? undefined, { isSent: false });
    this.#attempt = undefined;
  }

  #writtenAfterEnd(): typeof NOT_NOW {
    this.#stream.destroy(writeAfterEnd());
    return NOT_NOW;
  }

  /** The attempt, now or when the ledger has answered, where it could be held back. */
  #start(): Attempt | undefined | Promise<Attempt | undefined> {
    if (this.#hasStarted) return undefined;
    this.#hasStarted = true;
    const header = (name: string): string | undefined => textOf(this.#stream.sentHeaders[name]);
    // A stream that is closed is ended by Node.
    const isHeld = this.#hold?.isHeld === true && !this.#stream.closed;
    const request: CallRequest = {
      transport: "http2",
      // When undici sends it; everybody else calls from the context that the request belongs to.
      isContextLost: true,
      method: "POST",
      url: requestUrlOf(this.#stream),
      body: this.#body.text(),
      bodyLength: this.#body.length,
      header,
      // What was written, or announced, cannot be taken back.
      isBodyChangeable: isHeld && !this.#hasWritten && header("content-length") === undefined,
      isCuttable: true,
      isStoppable: isHeld,
    };
    const attempt = isHeld ? this.#calls.startInTime(request) : this.#calls.start(request);
    if (!(attempt instanceof Promise)) this.#attempt = attempt;
    return attempt;
  }

  #answered(headers: IncomingHttpHeaders & { ":status"?: number | undefined }): void {
    void this.#start();
    const header = (name: string): string | undefined => textOf(headers[name]);
    const status = headers[":status"] ?? 0;
    const decoding = answerDecoding(header("content-encoding"));
    this.#answer = this.#attempt?.answered({ status, header }, { decoding }) ?? null;
    for (const chunk of this.#early.splice(0)) this.#answer?.chunk(chunk);
  }

  #received(chunk: Uint8Array): void {
    const answer = this.#answer;
    if (answer === undefined) this.#early.push(chunk);
    else answer?.chunk(chunk);
    const cutOff = answer?.cutOff?.();
    if (cutOff === undefined || !answer) return;
    this.#cutOff = cutOff;
    this.#rest = new RestOfAnswer(answer);
    void this.#leave(this.#rest, cutOff);
  }

  /** Not while Node hands bytes over: the provider would not be told that nobody wants more. */
  async #leave(rest: RestOfAnswer, cutOff: RefusalError): Promise<void> {
    await rest.read();
    this.#stream.destroy(cutOff);
  }

  #closed(): void {
    void this.#start();
    const { errored, rstCode } = this.#stream;
    const error = this.#cutOff ?? errored ?? resetError(rstCode);
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

type Method = (...args: unknown[]) => unknown;

/** What a method gets in place of its arguments, if anything. */
type Instead = readonly unknown[] | typeof NOT_NOW | undefined;

/** Sees what a method of this one stream is given; it gets that as before, or what it is to get instead. Answers with it. */
function intercept(
  stream: ClientHttp2Stream,
  name: "write" | "end" | "push",
  see: (args: readonly unknown[]) => Instead,
): Method {
  const method = stream[name] as Method;
  const value = function observed(this: ClientHttp2Stream, ...args: unknown[]): unknown {
    const instead = neverThrow("observing HTTP/2", () => see(args));
    return instead === NOT_NOW ? this : Reflect.apply(method, this, instead ?? args);
  };
  Object.defineProperty(stream, name, { value, configurable: true, writable: true });
  return method;
}
