import { refusalAnswer } from "../guard/refusal-text.ts";
import type { RefusalError } from "../guard/refusal.ts";
import type { UndiciRequest } from "./undici-request.ts";

/** How a request of undici hands an answer on: 8, and before that. */
const PHASES = [
  {
    start: "onRequestStart",
    head: "onResponseStart",
    data: "onResponseData",
    end: "onResponseEnd",
    error: "onResponseError",
  },
  { start: "onConnect", head: "onHeaders", data: "onData", end: "onComplete", error: "onError" },
] as const;

/** A request as undici itself has it: `aborted` is what it looks at before it writes. */
type Answerable = UndiciRequest & { aborted?: boolean; completed?: boolean } & Partial<
    Record<string, (...args: readonly unknown[]) => unknown>
  >;

/**
 * Answers a request that must not be sent, in place of the server. It begins when there is a connection for it, before
 * anything is written; then it has been answered, and is passed over. Where undici is not as it is known to be, the
 * request fails with the refusal.
 */
export function answerWithRefusal(request: UndiciRequest, refusal: RefusalError): void {
  const answerable = request as Answerable;
  const phases = PHASES.find(({ start }) => typeof answerable[start] === "function");
  if (phases === undefined) return;
  const start = answerable[phases.start];
  // An error that is thrown there becomes the request's own.
  const value = function begin(this: Answerable, ...args: readonly unknown[]): void {
    Reflect.apply(start as () => unknown, this, args);
    answer(this, refusal);
    this.aborted = true;
  };
  Object.defineProperty(request, phases.start, { value, configurable: true });
}

/**
 * The same for one that has begun, and of whose body nothing was sent. What undici says of it from now on, that it failed
 * with its body, is not for the application, which has its answer.
 */
export function answerBegunWithRefusal(request: UndiciRequest, refusal: RefusalError): void {
  const answerable = request as Answerable;
  answer(answerable, refusal);
  // Undici ends the connection of a request that fails, and only of one that is not over.
  if (answerable.completed !== true) return;
  answerable.completed = false;
  for (const { error } of PHASES) {
    if (typeof answerable[error] !== "function") continue;
    answerable[error] = ended;
  }
}

function ended(this: Answerable): void {
  this.aborted = true;
}

function answer(request: Answerable, refusal: RefusalError): void {
  // The application may end it, also when it gets a part of the answer.
  const isEnded = (): boolean => request.aborted === true;
  if (isEnded()) return;
  const phases = PHASES.find(({ head }) => typeof request[head] === "function");
  const [head, data, end] =
    phases === undefined ? [] : [request[phases.head], request[phases.data], request[phases.end]];
  if (head === undefined || data === undefined || end === undefined) throw refusal;
  const { status, statusText, headers, body } = refusalAnswer(refusal);
  head.call(request, status, Object.entries(headers).flat().map(bytesOf), resume, statusText);
  if (!isEnded()) data.call(request, bytesOf(body));
  if (!isEnded()) end.call(request, []);
}

/** There is nothing that has been held back. */
const resume = (): void => {};

const bytesOf = (text: string): Buffer => Buffer.from(text);
