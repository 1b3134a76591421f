import type { AnswerObserver } from "../calls/answer-observer.ts";
import { bufferOf } from "../node/buffer-of.ts";
import type { UndiciRequest } from "./undici-request.ts";

/** How a request of undici hands an answer on: 8, and before that. */
const PHASES = [
  { data: "onResponseData", end: "onResponseEnd" },
  { data: "onData", end: "onComplete" },
] as const;

type Passing = UndiciRequest & Partial<Record<string, (part: unknown) => unknown>>;

/**
 * The bytes of an answer as they come, on their way to the application: it gets what the observer answers with, if there
 * is one by then. What comes behind the last of them does before their end. False where they cannot be seen.
 */
export function passAnswer(
  request: UndiciRequest,
  observer: () => AnswerObserver | undefined,
): boolean {
  const passing = request as Passing;
  const phases = PHASES.find((each) => passing[each.data] !== undefined);
  const [data, end] = phases === undefined ? [] : [passing[phases.data], passing[phases.end]];
  if (phases === undefined || data === undefined || end === undefined) return false;
  // Assignments: to define a property takes several times as long, for every answer.
  passing[phases.data] = function pass(this: Passing, chunk: unknown): unknown {
    const bytes = chunk as Uint8Array;
    const shown = observer()?.chunk(bytes) ?? bytes;
    if (shown === bytes) return data.call(this, bytes);
    // Nothing for the application: undici reads on.
    return shown.length === 0 ? true : data.call(this, bufferOf(shown));
  };
  passing[phases.end] = function finish(this: Passing, trailers: unknown): unknown {
    const rest = observer()?.end();
    if (rest !== undefined && rest.length > 0) data.call(this, bufferOf(rest));
    return end.call(this, trailers);
  };
  return true;
}
