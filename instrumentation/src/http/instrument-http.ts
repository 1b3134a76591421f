import diagnostics from "node:diagnostics_channel";
import { ClientRequest, OutgoingMessage } from "node:http";
import type { IncomingMessage } from "node:http";
import type { Attempt } from "../calls/attempt.ts";
import type { CallObserver } from "../calls/call-observer.ts";
import { neverThrow } from "../spans/never-throw.ts";
import { REQUEST_CHARACTERS_MAX, apiAtPath } from "../wire/recognise-call.ts";
import type { RefusalError } from "../guard/refusal.ts";
import { SentBody } from "../node/sent-body.ts";
import { observeIncoming, observeRequestEnd } from "./http-exchange.ts";
import { answerWithRefusal } from "./refused-request.ts";

/** Published by Node when the head of an answer has come. */
const RESPONSE_CHANNEL = "http.client.response.finish";

/** Shared by all copies of the package in a process. */
const OBSERVED = Symbol.for("lensai.instrumented_http");

type Written = (this: ClientRequest, ...args: unknown[]) => unknown;

/**
 * Observes requests of node:http and node:https (AWS's SDK, axios, node-fetch) from now on. Every such request
 * is a ClientRequest, however the functions that make it were imported. A second call changes nothing. Answers
 * with a function that stops it.
 */
export function instrumentHttp(calls: CallObserver): () => void {
  const prototype = ClientRequest.prototype;
  if (Object.hasOwn(prototype, OBSERVED)) return () => {};
  const bodies = new WeakMap<ClientRequest, SentBody>();
  const attempts = new WeakMap<ClientRequest, Attempt>();
  const answered = new WeakSet<ClientRequest>();
  const sent = (request: ClientRequest, args: readonly unknown[]): void => {
    if (!isCandidate(request)) return;
    const body = bodies.get(request) ?? new SentBody(REQUEST_CHARACTERS_MAX);
    bodies.set(request, body);
    body.add(args[0], args[1]);
  };
  const finished = (request: ClientRequest): Attempt | undefined => {
    const body = bodies.get(request);
    if (body === undefined || attempts.has(request)) return undefined;
    bodies.delete(request);
    const attempt = calls.start({
      transport: "http",
      method: request.method,
      url: urlOf(request),
      body: body.text(),
      header: (name) => textOf(request.getHeader(name)),
      // What is written before the end takes the headers with it.
      isBodyChangeable: !request.headersSent,
      isCuttable: true,
      isStoppable: true,
    });
    if (attempt === undefined || attempt.refusal !== undefined) return attempt;
    attempts.set(request, attempt);
    observeRequestEnd(request, attempt, () => answered.has(request));
    return attempt;
  };
  const { write, end } = OutgoingMessage.prototype as unknown as { write: Written; end: Written };
  define(prototype, "write", function observedWrite(...args) {
    neverThrow("reading a request", () => sent(this, args));
    return Reflect.apply(write, this, args);
  });
  define(prototype, "end", function observedEnd(...args) {
    const attempt = neverThrow("starting a span", () => {
      sent(this, args);
      return finished(this);
    });
    if (attempt?.refusal !== undefined && isAnswered(this, attempt.refusal)) return this;
    return Reflect.apply(end, this, clampedArguments(this, args, attempt) ?? args);
  });
  const responded = (message: unknown): void => {
    const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
    const attempt = attempts.get(request);
    if (attempt === undefined) return;
    answered.add(request);
    neverThrow("observing an answer", () => observeIncoming(response, attempt));
  };
  diagnostics.subscribe(RESPONSE_CHANNEL, responded);
  Object.defineProperty(prototype, OBSERVED, { value: true, configurable: true });
  return () => {
    diagnostics.unsubscribe(RESPONSE_CHANNEL, responded);
    for (const name of ["write", "end", OBSERVED]) Reflect.deleteProperty(prototype, name);
  };
}

function define(prototype: ClientRequest, name: string, value: Written): void {
  Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
}

function isAnswered(request: ClientRequest, refusal: RefusalError): boolean {
  return neverThrow("refusing a call", () => answerWithRefusal(request, refusal)) ?? false;
}

/** What `end` is called with in place of the application's body. */
function clampedArguments(
  request: ClientRequest,
  args: readonly unknown[],
  attempt: Attempt | undefined,
): unknown[] | undefined {
  const body = attempt?.clampedBody;
  if (body === undefined) return undefined;
  return neverThrow("clamping a call", () => {
    if (request.hasHeader("content-length"))
      request.setHeader("content-length", Buffer.byteLength(body));
    return [body, ...args.filter((arg) => typeof arg === "function")];
  });
}

/** By method and path alone, for every request that the process makes. */
function isCandidate({ method, path }: ClientRequest): boolean {
  return method === "POST" && apiAtPath(method, path.split("?", 1)[0] ?? "") !== undefined;
}

function urlOf(request: ClientRequest): URL {
  const authority = textOf(request.getHeader("host")) ?? request.host;
  return new URL(request.path, `${request.protocol}//${authority}`);
}

function textOf(header: number | string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(", ") : header?.toString();
}
