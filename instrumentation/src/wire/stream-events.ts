import type { WireCall } from "./recognise-call.ts";
import { addOutputText, addToFacts } from "./response-facts.ts";
import type { ResponseFacts } from "./response-facts.ts";
import type { BodyEnd } from "./response-reader.ts";

/** One event of a stream: the last one of the responses API repeats the whole answer, images included. */
export const EVENT_LENGTH_MAX = 8 * 1024 * 1024;

/** Has a stream said all that it had to say? Some report usage last, some never, and some no reason to end. */
export function isSettled(
  { api }: WireCall,
  { finishReasons, hasUsage, errorType }: ResponseFacts,
  end: BodyEnd,
): boolean {
  if (errorType !== undefined) return true;
  if (api.response.finishReasons === undefined) return hasUsage || end === "whole";
  return finishReasons.length > 0 && (hasUsage || end === "whole");
}

/** Adds one event of a stream; false for one that cannot be read, which is a problem of the answer and not of ours. */
export function addEvent(call: WireCall, parse: () => unknown, facts: ResponseFacts): boolean {
  try {
    const event = parse();
    addToFacts(call, event, facts);
    addOutputText(call, event, facts);
    return true;
  } catch {
    facts.problem ??= "body_malformed";
    return false;
  }
}
