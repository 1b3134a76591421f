import type { AnswerObserver } from "../calls/answer-observer.ts";
import type { UndiciRequest } from "./undici-request.ts";

/** How a request of undici hands an answer on: 8, and before that. */
const PHASES = [
  { data: "onResponseData", end: "onResponseEnd" },
  { data: "onData", end: "onComplete" },
] as const;

type Passing = UndiciRequest & Partial<Record<string, (part: unknown) => unknown>>;

/**
 * The bytes of an answer as they come, on their way to the application: it gets what the observer answers with. What
 * comes behind the last of them does before their end. Answers with the observer as it is to be told the rest.
 */
export function passAnswer(request: UndiciRequest, observer: AnswerObserver): AnswerObserver {
  const passing = request as Passing;
  const phases = PHASES.find(({ data }) => passing[data] !== undefined);
  const [data, end] = phases === undefined ? [] : [passing[phases.data], passing[phases.end]];
  if (phases === undefined || data === undefined || end === undefined) return observer;
  let hasEnded = false;
  // Assignments: to define a property takes several times as long, for every answer.
  passing[phases.data] = function pass(this: Passing, chunk: unknown): unknown {
    const bytes = chunk as Uint8Array;
    const shown = observer.chunk(bytes);
    if (shown === bytes) return data.call(this, bytes);
    // Nothing for the application: undici reads on.
    return shown.length === 0 ? true : data.call(this, bufferOf(shown));
  };
  passing[phases.end] = function finish(this: Passing, trailers: unknown): unknown {
    hasEnded = true;
    const rest = observer.end();
    if (rest !== undefined && rest.length > 0) data.call(this, bufferOf(rest));
    return end.call(this, trailers);
  };
  return { ...observer, end: () => (hasEnded ? undefined : observer.end()) };
}

const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
