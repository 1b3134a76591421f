import { refusalAnswer } from "../guard/refusal-text.ts";
import type { RefusalError } from "../guard/refusal.ts";
import { neverThrow } from "../spans/never-throw.ts";

/** What `fetch` answers with in place of a provider: an error that no SDK tries again. */
export function refusedFetch(refusal: RefusalError, url: URL): Promise<Response> {
  const response = neverThrow("refusing a call", () => refusedResponse(refusal, url));
  return response === undefined ? Promise.reject(refusal) : Promise.resolve(response);
}

function refusedResponse(refusal: RefusalError, { href }: URL): Response {
  const { status, statusText, headers, body } = refusalAnswer(refusal);
  const response = new Response(body, { status, statusText, headers });
  return Object.defineProperty(response, "url", { value: href, configurable: true });
}
