import { neverThrow } from "../spans/never-throw.ts";
import { isRefusal } from "../spans/call-span.ts";
import type { CallSpan } from "../spans/call-span.ts";
import { SseReader, createResponseReader } from "../wire/response-reader.ts";
import { createResponseFacts } from "../wire/response-facts.ts";
import type { ObservationProblem } from "../wire/response-facts.ts";
import { hidingObserver, readingObserver } from "./body-observers.ts";
import { observedBody } from "./observed-body.ts";

/** Ends the spans of answers that nobody reads, when they are gone. */
const unread = new FinalizationRegistry<CallSpan>((span) => {
  neverThrow("ending the span of an unread answer", () => span.abandon());
});

/**
 * The answer with its body observed: status, headers, url and type are those of the original, the body is its
 * body. An answer that is a refusal, or has nothing to read, comes back as it is, and its span has ended.
 */
export function observedResponse(
  response: Response,
  span: CallSpan,
  { isUsageHidden }: { isUsageHidden: boolean },
): Response {
  if (isRefusal(response.status)) {
    span.refuse(response.status);
    return response;
  }
  const reader = createResponseReader(span.call, (name) => response.headers.get(name) ?? undefined);
  if (reader === undefined || response.body === null) {
    endWith(span, reader === undefined ? "content_type_unknown" : "body_malformed");
    return response;
  }
  const observer =
    isUsageHidden && reader instanceof SseReader
      ? hidingObserver(span, reader)
      : readingObserver(span, reader);
  const body = observedBody(response.body as ReadableStream<Uint8Array>, observer);
  unread.register(body, span);
  span.onAbandon = observer.cancel;
  return withTheBody(response, body);
}

function endWith(span: CallSpan, problem: ObservationProblem): void {
  span.complete({ ...createResponseFacts(), problem });
}

/** `fetch` implementations have classes of their own: the answer keeps the class that it has. */
function withTheBody(original: Response, body: ReadableStream): Response {
  const Class = original.constructor as typeof Response;
  const { status, statusText, headers } = original;
  return withFactsOf(original, new Class(body, { status, statusText, headers }));
}

/** What only `fetch` itself can put into a Response. */
function withFactsOf(original: Response, copy: Response): Response {
  const { url, type, redirected, headers } = original;
  const nativeClone = copy.clone.bind(copy);
  for (const [name, value] of Object.entries({ url, type, redirected, headers })) {
    Object.defineProperty(copy, name, { value, configurable: true });
  }
  Object.defineProperty(copy, "clone", {
    configurable: true,
    value: () => withFactsOf(original, nativeClone()),
  });
  return copy;
}
