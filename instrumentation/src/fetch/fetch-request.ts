import { isSigned } from "../calls/signed-request.ts";
import { apiAtPath } from "../wire/recognise-call.ts";
import type { FormFields } from "../wire/form-fields.ts";
import type { WireRequest } from "../wire/recognise-call.ts";

export type Fetch = typeof globalThis.fetch;
export type FetchArguments = Parameters<Fetch>;

/** A request that could be a call of a model. */
export interface FetchRequest extends WireRequest {
  readonly headers: Headers;
}

/** The arguments of fetch, as far as they tell about a call; undefined when they are no call of a model. */
export function readFetchRequest([input, init]: FetchArguments): FetchRequest | undefined {
  const asked = targetOf(input, init);
  if (asked === undefined) return undefined;
  const headers = new Headers(init?.headers ?? (isRequest(input) ? input.headers : undefined));
  return { ...asked, headers, body: textOf(init?.body), form: fieldsOf(init?.body) };
}

/** The body of a Request object, which can be read only from a copy; undefined when there is none to be read. */
export function requestBodyOf([input, init]: FetchArguments): Promise<string> | undefined {
  if (!isRequest(input) || input.body === null || input.bodyUsed) return undefined;
  if (init?.body !== undefined && init.body !== null) return undefined;
  // Uploads are large, and a copy would hold them in memory.
  if (input.headers.get("content-type")?.startsWith("multipart/") === true) return undefined;
  return input.clone().text();
}

function targetOf(
  input: FetchArguments[0],
  init: FetchArguments[1],
): { method: string; url: URL } | undefined {
  const method = (init?.method ?? (isRequest(input) ? input.method : "GET")).toUpperCase();
  if (method !== "POST") return undefined;
  const href = isRequest(input) ? input.url : String(input);
  // Relative ones have no base outside of browsers: fetch refuses them.
  if (!URL.canParse(href)) return undefined;
  const url = new URL(href);
  return apiAtPath(method, url.pathname) === undefined ? undefined : { method, url };
}

/** What the application may end the request with. */
export function signalOf([input, init]: FetchArguments): AbortSignal | undefined {
  return init?.signal ?? (isRequest(input) ? input.signal : undefined);
}

/** By what it has, not by its class: there are several classes of that name in one process. */
function isRequest(input: FetchArguments[0]): input is Request {
  return typeof input === "object" && "clone" in input && "url" in input;
}

/** A form is read in memory, without its files: whoever made it may send it again. */
export function fieldsOf(body: unknown): FormFields | undefined {
  if (!isForm(body)) return undefined;
  const fields: Record<string, string | null> = {};
  for (const [name, value] of body.entries()) {
    fields[name] = typeof value === "string" ? value : null;
  }
  return fields;
}

/** By what it is called, not by its class: SDKs bring their own where the runtime has none. */
function isForm(body: unknown): body is FormData {
  return Object.prototype.toString.call(body) === "[object FormData]";
}

/** Only what is in memory already; streams belong to the caller. */
function textOf(body: unknown): string | undefined {
  if (typeof body === "string") return body;
  if (body instanceof Uint8Array || body instanceof ArrayBuffer)
    return new TextDecoder().decode(body);
  return undefined;
}

/**
 * The arguments with another JSON body. A length that the caller states goes along; undefined when the caller
 * signed the body.
 */
export function withBody(
  [input, init]: FetchArguments,
  headers: Headers,
  body: string,
): FetchArguments | undefined {
  if (isSigned((name) => headers.get(name) ?? undefined)) return undefined;
  if (isRequest(input) && (init?.body === undefined || init.body === null)) {
    return [new Request(input, { method: input.method, body }), init];
  }
  if (!headers.has("content-length")) return [input, { ...init, body }];
  const adjusted = new Headers(headers);
  adjusted.set("content-length", String(new TextEncoder().encode(body).length));
  return [input, { ...init, body, headers: adjusted }];
}
