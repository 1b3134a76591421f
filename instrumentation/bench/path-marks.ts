// Loads the instrumentation between marks: how long it has the application's thread while somebody waits, from a call to
// its answer. Calls come one after the other. What is done behind a request or an answer is told apart, and only where it
// meets a call: that is being made, or whose answer is coming.
import diagnostics from "node:diagnostics_channel";
import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers";
import { PATHS } from "./path-times.ts";
import type { PathTimes } from "./path-times.ts";

type Handler = (...args: readonly unknown[]) => unknown;

/** What undici tells while somebody waits: that a body was sent, nobody does. */
const WAITED_FOR = /^undici:request:(?:create|headers|trailers|error)$/;
/** By which a request of undici hands its answer on. */
const HANDING_ON = ["onData", "onResponseData", "onComplete", "onResponseEnd"] as const;

const paths: PathTimes[] = [];
Object.defineProperty(globalThis, PATHS, { value: paths });
const now = (): number => performance.now() * 1000;

let path: PathTimes = { beforeMicros: 0, micros: 0, metMicros: 0 };
/** Does the application wait for its own thread, and not for the provider? */
let isOnTheWay = false;
/** Marks of the call that is made, in microseconds. */
let enteredAt = 0;
let sentAt = 0;
let answeredAt = 0;
/** Of undici's own in what is handed on. */
let nestedMicros = 0;

// By which work is put off, and by nobody else here.
const setImmediate = timers.setImmediate;
timers.setImmediate = ((work: Handler, ...args: readonly unknown[]) =>
  setImmediate(() => {
    const startedAt = now();
    const met = isOnTheWay ? path : undefined;
    work(...args);
    if (met !== undefined) met.metMicros += now() - startedAt;
  })) as typeof timers.setImmediate;
syncBuiltinESMExports();

const native = globalThis.fetch;
globalThis.fetch = (...args) => {
  path.beforeMicros = now() - enteredAt;
  path.micros += path.beforeMicros;
  const answer = native(...args);
  sentAt = now();
  void answer.then(() => (answeredAt = now())).catch(() => undefined);
  return answer;
};

function timed(request: Record<string, unknown>, time: (handle: Handler) => Handler): void {
  for (const name of HANDING_ON) {
    const handle = request[name];
    if (typeof handle === "function") request[name] = time(handle as Handler);
  }
}

const nested = (handle: Handler): Handler =>
  function pass(this: unknown, ...args) {
    const startedAt = now();
    try {
      return Reflect.apply(handle, this, args);
    } finally {
      nestedMicros += now() - startedAt;
    }
  };

const whole = (handle: Handler): Handler =>
  function pass(this: unknown, ...args) {
    const startedAt = now();
    nestedMicros = 0;
    try {
      return Reflect.apply(handle, this, args);
    } finally {
      path.micros += now() - startedAt - nestedMicros;
    }
  };

const subscribe = diagnostics.subscribe;
subscribe("undici:request:bodySent", () => (isOnTheWay = false));
subscribe("undici:request:headers", () => (isOnTheWay = true));
subscribe("undici:request:trailers", () => (isOnTheWay = false));
diagnostics.subscribe = (name, listener) => {
  if (!WAITED_FOR.test(String(name))) return subscribe(name, listener);
  subscribe(name, (message, channel) => {
    const { request } = message as { request: Record<string, unknown> };
    if (name === "undici:request:create") timed(request, nested);
    const startedAt = now();
    listener(message, channel);
    path.micros += now() - startedAt;
    if (name === "undici:request:headers") timed(request, whole);
  });
};

await import("../src/register.ts");

const observed = globalThis.fetch;
globalThis.fetch = (...args) => {
  path = { beforeMicros: 0, micros: 0, metMicros: 0 };
  isOnTheWay = true;
  paths.push(path);
  enteredAt = now();
  const answer = observed(...args);
  path.micros += now() - sentAt;
  void answer.then(() => (path.micros += now() - answeredAt)).catch(() => undefined);
  return answer;
};
