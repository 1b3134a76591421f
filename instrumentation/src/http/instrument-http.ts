import diagnostics from "node:diagnostics_channel";
import { ClientRequest, OutgoingMessage } from "node:http";
import type { IncomingMessage } from "node:http";
import type { Attempt } from "../calls/attempt.ts";
import type { CallObserver } from "../calls/call-observer.ts";
import { neverThrow } from "../spans/never-throw.ts";
import { isOfInterest } from "../wire/call-target.ts";
import { REQUEST_CHARACTERS_MAX } from "../wire/request-body.ts";
import type { RefusalError } from "../guard/refusal.ts";
import { SentBody } from "../node/sent-body.ts";
import { HeldEnd } from "./held-end.ts";
import { observeIncoming, observeRequestEnd } from "./http-exchange.ts";
import { answerWithRefusal } from "./refused-request.ts";
import { bodyAskingForUsage, headerOf } from "./usage-request.ts";

/** Published by Node when the head of an answer has come. */
const RESPONSE_CHANNEL = "http.client.response.finish";

/** Shared by all copies of the package in a process. */
const OBSERVED = Symbol.for("lensai.instrumented_http");

type Written = (this: ClientRequest, ...args: unknown[]) => unknown;

export interface HttpOptions {
  /** Ask for the usage of OpenAI chat streams that would not report it (default), and hide it again. */
  readonly asksForStreamUsage?: boolean;
}

/**
 * Observes requests of node:http and node:https (AWS's SDK, axios, node-fetch) from now on. Every such request
 * is a ClientRequest, however the functions that make it were imported. A second call changes nothing. Answers
 * with a function that stops it.
 */
export function instrumentHttp(
  calls: CallObserver,
  { asksForStreamUsage = true }: HttpOptions = {},
): () => void {
  const prototype = ClientRequest.prototype;
  if (Object.hasOwn(prototype, OBSERVED)) return () => {};
  const observer = new HttpObserver(calls, asksForStreamUsage);
  const { write, end } = OutgoingMessage.prototype as unknown as { write: Written; end: Written };
  define(prototype, "write", function observedWrite(...args) {
    if (heldEnds.get(this)?.isCalledAgain(args) === true) return false;
    neverThrow("reading a request", () => observer.written(this, args));
    return Reflect.apply(write, this, args);
  });
  const heldEnds = new WeakMap<ClientRequest, HeldEnd>();
  const send = (request: ClientRequest, args: readonly unknown[], attempt?: Attempt): unknown => {
    if (attempt?.refusal !== undefined && isAnswered(request, attempt.refusal)) return request;
    const body = attempt && observer.bodyInstead(request, args, attempt);
    return Reflect.apply(end, request, changedArguments(request, args, body) ?? args);
  };
  /** Never rejects: what the application would have been thrown ends its request. */
  const sendLater = async (
    request: ClientRequest,
    args: readonly unknown[],
    attempt: Promise<Attempt | undefined>,
  ): Promise<void> => {
    const decided = await attempt;
    heldEnds.delete(request);
    if (request.destroyed) {
      decided?.failed(request.errored ?? undefined, { isSent: false });
      return;
    }
    try {
      send(request, args, decided);
    } catch (error) {
      request.destroy(error as Error);
    }
  };
  define(prototype, "end", function observedEnd(...args) {
    if (heldEnds.get(this)?.isCalledAgain(args) === true) return this;
    const attempt = neverThrow("starting a span", () => observer.ended(this, args));
    if (!(attempt instanceof Promise)) return send(this, args, attempt);
    heldEnds.set(this, new HeldEnd(this));
    void sendLater(this, args, attempt);
    return this;
  });
  const responded = (message: unknown): void => {
    const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
    neverThrow("observing an answer", () => observer.responded(request, response));
  };
  diagnostics.subscribe(RESPONSE_CHANNEL, responded);
  Object.defineProperty(prototype, OBSERVED, { value: true, configurable: true });
  return () => {
    diagnostics.unsubscribe(RESPONSE_CHANNEL, responded);
    for (const name of ["write", "end", OBSERVED]) Reflect.deleteProperty(prototype, name);
  };
}

/** What is known of the requests that could be calls of a model. */
class HttpObserver {
  readonly #calls: CallObserver;
  readonly #asksForUsage: boolean;
  readonly #bodies = new WeakMap<ClientRequest, SentBody>();
  readonly #attempts = new WeakMap<ClientRequest, Attempt>();
  readonly #answered = new WeakSet<ClientRequest>();
  readonly #usageAsked = new WeakSet<ClientRequest>();

  constructor(calls: CallObserver, asksForUsage: boolean) {
    this.#calls = calls;
    this.#asksForUsage = asksForUsage;
  }

  written(request: ClientRequest, [chunk, encoding]: readonly unknown[]): void {
    if (!isCandidate(request)) return;
    const body = this.#bodies.get(request) ?? new SentBody(REQUEST_CHARACTERS_MAX);
    this.#bodies.set(request, body);
    body.add(chunk, encoding);
  }

  /** The body is whole: the attempt that the request is, if it is one, now or when the ledger has answered. */
  ended(
    request: ClientRequest,
    args: readonly unknown[],
  ): Attempt | undefined | Promise<Attempt | undefined> {
    this.written(request, args);
    const body = this.#bodies.get(request);
    if (body === undefined || this.#attempts.has(request)) return undefined;
    this.#bodies.delete(request);
    const attempt = this.#calls.startInTime({
      transport: "http",
      method: request.method,
      url: urlOf(request),
      body: body.text(),
      bodyLength: body.length,
      header: (name) => headerOf(request, name),
      // What is written before the end takes the headers with it.
      isBodyChangeable: !request.headersSent,
      isCuttable: true,
      isStoppable: true,
    });
    if (attempt instanceof Promise) return attempt.then((decided) => this.#begun(request, decided));
    return this.#begun(request, attempt);
  }

  #begun(request: ClientRequest, attempt: Attempt | undefined): Attempt | undefined {
    if (attempt === undefined || attempt.refusal !== undefined || request.destroyed) return attempt;
    this.#attempts.set(request, attempt);
    observeRequestEnd(request, attempt, () => this.#answered.has(request));
    return attempt;
  }

  /** What is sent in place of the application's body, if anything: a smaller call, or one that asks for its usage. */
  bodyInstead(
    request: ClientRequest,
    [chunk, encoding]: readonly unknown[],
    { lacksStreamUsage, clampedBody }: Attempt,
  ): string | undefined {
    const asking = neverThrow("asking for usage", () => {
      // Only where `end` is given all of the body: what was written before took the headers with it.
      const body = clampedBody ?? textOf(chunk, encoding);
      if (!this.#asksForUsage || !lacksStreamUsage || body === undefined) return undefined;
      return bodyAskingForUsage(request, body);
    });
    if (asking !== undefined) this.#usageAsked.add(request);
    return asking ?? clampedBody;
  }

  responded(request: ClientRequest, response: IncomingMessage): void {
    const attempt = this.#attempts.get(request);
    if (attempt === undefined) return;
    this.#answered.add(request);
    observeIncoming(response, attempt, this.#usageAsked.has(request));
  }
}

function define(prototype: ClientRequest, name: string, value: Written): void {
  Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
}

function isAnswered(request: ClientRequest, refusal: RefusalError): boolean {
  return neverThrow("refusing a call", () => answerWithRefusal(request, refusal)) ?? false;
}

/** A body that is given at once; a text in another encoding is rare, and left alone. */
function textOf(chunk: unknown, encoding: unknown): string | undefined {
  if (chunk instanceof Uint8Array) return Buffer.from(chunk).toString();
  const isUtf8 = typeof encoding !== "string" || /^utf-?8$/i.test(encoding);
  return typeof chunk === "string" && isUtf8 ? chunk : undefined;
}

/** What `end` is called with in place of the application's body. */
function changedArguments(
  request: ClientRequest,
  args: readonly unknown[],
  body: string | undefined,
): unknown[] | undefined {
  if (body === undefined) return undefined;
  return neverThrow("changing a request", () => {
    if (request.hasHeader("content-length"))
      request.setHeader("content-length", Buffer.byteLength(body));
    return [body, ...args.filter((arg) => typeof arg === "function")];
  });
}

/** By method and path alone, for every request that the process makes. */
function isCandidate({ method, path }: ClientRequest): boolean {
  return isOfInterest(method, path.split("?", 1)[0] ?? "");
}

function urlOf(request: ClientRequest): URL {
  const authority = headerOf(request, "host") ?? request.host;
  return new URL(request.path, `${request.protocol}//${authority}`);
}
