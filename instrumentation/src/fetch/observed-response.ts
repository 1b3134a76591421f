import type { Attempt } from "../calls/attempt.ts";
import { neverThrow } from "../spans/never-throw.ts";
import { observedBody } from "./observed-body.ts";

/** Ends the spans of answers that nobody reads, when they are gone. */
const unread = new FinalizationRegistry<Attempt>((attempt) => attempt.abandon());

/**
 * The answer with its body observed: status, headers, url and type are those of the original, the body is its
 * body. An answer that is a refusal, or has nothing to read, comes back as it is, and its attempt has ended.
 * Never throws.
 */
export function observedResponse(
  response: Response,
  attempt: Attempt,
  options: { isUsageHidden: boolean },
): Response {
  if (attempt.isReadBelow) return response;
  const { status, headers } = response;
  const head = { status, header: (name: string) => headers.get(name) ?? undefined };
  const observer = attempt.answered(head, options);
  if (observer === undefined) return response;
  if (response.body === null) {
    attempt.unread("body_malformed");
    return response;
  }
  const source = response.body as ReadableStream<Uint8Array>;
  const observed = neverThrow("observing an answer", () => {
    const body = observedBody(source, observer);
    unread.register(body, attempt);
    return withTheBody(response, body);
  });
  return observed ?? response;
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
