import http2 from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import { Duplex } from "node:stream";
import type { CallObserver } from "../calls/call-observer.ts";
import { neverThrow } from "../spans/never-throw.ts";
import { apiAtPath } from "../wire/call-target.ts";
import { heldRequest } from "./held-request.ts";
import { Http2Exchange, requestUrlOf } from "./http2-exchange.ts";

/** Shared by all copies of the package in a process. */
const OBSERVED = Symbol.for("lensai.instrumented_http2");

type Requested = (this: ClientHttp2Session, ...args: unknown[]) => ClientHttp2Stream;

/**
 * Observes requests of HTTP/2 client sessions (AWS's SDK speaks it to Bedrock) from now on, also of sessions
 * that are open already, however `connect` was imported. A second call changes nothing. Answers with a function
 * that stops it.
 */
export function instrumentHttp2(calls: CallObserver): () => void {
  const prototype = sessionPrototype();
  if (Object.hasOwn(prototype, OBSERVED)) return () => {};
  const request = Reflect.get(prototype, "request") as Requested;
  const observed: Requested = function observedRequest(...args) {
    const make = (): ClientHttp2Stream => Reflect.apply(request, this, args);
    const { stream, hold } = calls.canStop
      ? heldRequest(this, make)
      : { stream: make(), hold: undefined };
    const isObserved = neverThrow("observing HTTP/2", () => {
      if (!isCandidate(stream)) return false;
      new Http2Exchange(stream, calls, hold).observe();
      return true;
    });
    if (isObserved !== true) hold?.send();
    return stream;
  };
  define(prototype, "request", observed);
  define(prototype, OBSERVED, true);
  return () => {
    Reflect.deleteProperty(prototype, OBSERVED);
    define(prototype, "request", request);
  };
}

function define(prototype: ClientHttp2Session, name: string | symbol, value: unknown): void {
  Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
}

/** The class has no name outside of Node: a session that leads nowhere has it. */
function sessionPrototype(): ClientHttp2Session {
  const nowhere = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const session = http2.connect("http://localhost", { createConnection: () => nowhere });
  session.on("error", () => {});
  session.destroy();
  return Object.getPrototypeOf(session) as ClientHttp2Session;
}

/** By method and path alone, for every request that the process makes. */
function isCandidate(stream: ClientHttp2Stream): boolean {
  if (stream.sentHeaders[":method"] !== "POST") return false;
  return apiAtPath("POST", requestUrlOf(stream).pathname) !== undefined;
}
