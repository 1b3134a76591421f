import type { CallRequest } from "../calls/call-observer.ts";
import { isSigned } from "../calls/signed-request.ts";
import { callTargetAt, isOfInterest } from "../wire/call-target.ts";
import type { CallTarget } from "../wire/call-target.ts";
import { mayFetchAnswers } from "../wire/deferred/deferred-sources.ts";
import type { FormFields } from "../wire/form-fields.ts";
import type { HeaderReader } from "../wire/response-facts.ts";

export type Fetch = typeof globalThis.fetch;
export type FetchArguments = Parameters<Fetch>;

type SentHeaders = NonNullable<NonNullable<FetchArguments[1]>["headers"]>;

/** A request that could be a call of a model, with what `fetch` can do with it. */
export type FetchRequest = CallRequest & { readonly transport: "fetch" };

/** The arguments of fetch, as far as they tell about a call; undefined when they are no call of a model. */
export function readFetchRequest(args: FetchArguments): FetchRequest | undefined {
  // One by one, here and below: to take a list apart at once is to iterate over it.
  const init = args[1];
  const target = targetOf(args[0], init?.method);
  if (target === undefined) return fetchOfAnswers(args);
  const headers = headersOf(args);
  const body = textOf(init?.body);
  return {
    transport: "fetch",
    method: "POST",
    url: target.url,
    target,
    header: (name) => headerIn(headers, name),
    body,
    form: body === undefined ? fieldsOf(init?.body) : undefined,
    isBodyChangeable: body !== undefined,
    isCuttable: true,
    isStoppable: true,
  };
}

/** One that may bring answers to calls that were made before. */
function fetchOfAnswers([input, init]: FetchArguments): FetchRequest | undefined {
  const method = init?.method ?? (isRequest(input) ? input.method : "GET");
  const href = isRequest(input) ? input.url : String(input);
  // Most are neither a call nor this: they are told by their text.
  if (!/^get$/i.test(method) || !mayFetchAnswers(href) || !URL.canParse(href)) return undefined;
  const url = new URL(href);
  if (!isOfInterest("GET", url.pathname)) return undefined;
  const headers = headersOf([input, init]);
  const header: HeaderReader = (name) => headerIn(headers, name);
  return { transport: "fetch", method: "GET", url, header, body: undefined };
}

function targetOf(input: FetchArguments[0], method: string | undefined): CallTarget | undefined {
  if (isRequest(input)) return isPost(method ?? input.method) ? callTargetAt(input.url) : undefined;
  return isPost(method) ? callTargetAt(String(input)) : undefined;
}

function isPost(method = "GET"): boolean {
  return method === "POST" || method.toUpperCase() === "POST";
}

function headersOf(args: FetchArguments): SentHeaders | undefined {
  return args[1]?.headers ?? (isRequest(args[0]) ? args[0].headers : undefined);
}

/** Few headers are ever asked for, and most requests are asked for none. */
function headerIn(headers: SentHeaders = {}, name: string): string | undefined {
  if (isHeaders(headers)) return headers.get(name) ?? undefined;
  if (Symbol.iterator in headers) return new Headers(headers).get(name) ?? undefined;
  for (const key in headers) {
    if (key.length === name.length && key.toLowerCase() === name) return String(headers[key]);
  }
  return undefined;
}

/** By what it has, not by its class, as there are several. */
function isHeaders(headers: SentHeaders): headers is Headers {
  return "append" in headers && typeof headers.append === "function";
}

/** The body of a Request object, which can be read only from a copy; undefined when there is none to be read. */
export function requestBodyOf([input, init]: FetchArguments): Promise<string> | undefined {
  if (!isRequest(input) || input.body === null || input.bodyUsed) return undefined;
  if (init?.body !== undefined && init.body !== null) return undefined;
  // Uploads are large, and a copy would hold them in memory.
  if (input.headers.get("content-type")?.startsWith("multipart/") === true) return undefined;
  return input.clone().text();
}

/** What the application may end the request with. */
export function signalOf(args: FetchArguments): AbortSignal | undefined {
  return args[1]?.signal ?? (isRequest(args[0]) ? args[0].signal : undefined);
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
  header: HeaderReader,
  body: string,
): FetchArguments | undefined {
  if (isSigned(header)) return undefined;
  if (isRequest(input) && (init?.body === undefined || init.body === null)) {
    return [new Request(input, { method: input.method, body }), init];
  }
  if (header("content-length") === undefined) return [input, { ...init, body }];
  const adjusted = new Headers(headersOf([input, init]));
  adjusted.set("content-length", String(new TextEncoder().encode(body).length));
  return [input, { ...init, body, headers: adjusted }];
}
