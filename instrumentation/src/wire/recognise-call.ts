import { USAGE_TABLES } from "@lensai/otel-config/usage/provider-usage/usage-tables";
import type { UsageTable } from "@lensai/otel-config/usage/provider-usage/usage-table";
import { formFieldsOf, requestOfForm } from "./form-fields.ts";
import type { FormFields } from "./form-fields.ts";
import { isJsonObject, textAt, valueAt } from "./json-path.ts";
import type { JsonObject } from "./json-path.ts";
import { providerHostOf } from "./provider-hosts.ts";
import type { WireApi } from "./wire-api.ts";
import { WIRE_APIS } from "./wire-apis.ts";

/** An attribute value as OpenTelemetry has them, as far as requests hold such. */
type RequestValue = string | number | boolean | string[];

/** A call of a model, as far as its request tells. */
export interface WireCall {
  readonly api: WireApi;
  readonly provider: string;
  readonly usage: UsageTable;
  readonly model: string | undefined;
  readonly isStream: boolean;
  readonly serverAddress: string;
  readonly serverPort: number;
  /** What is asked of the model, as span attributes. */
  readonly parameters: Readonly<Record<string, RequestValue>>;
  /** Its usage must be asked for, and the caller did not. */
  readonly lacksStreamUsage: boolean;
}

export interface WireRequest {
  readonly method: string;
  readonly url: URL;
  /** The body as text; undefined when it cannot be read without disturbing the caller. */
  readonly body: string | undefined;
  /** The fields of a form that is the body: their text, or null for a file. */
  readonly form?: FormFields | undefined;
}

/** Longer requests are not parsed: it would hold up the application. Their model comes with the answer. */
export const REQUEST_CHARACTERS_MAX = 4 * 1024 * 1024;

const HTTPS_PORT = 443;
const HTTP_PORT = 80;

const usageTables = new Map(USAGE_TABLES.map((table) => [table.api, table]));

/** The API that a request could be a call of, by method and path alone: cheap, for every request there is. */
export function apiAtPath(method: string, path: string): WireApi | undefined {
  return method === "POST" ? WIRE_APIS.find((api) => api.path.test(path)) : undefined;
}

/**
 * Is it a call of a model? Known hosts are trusted. At any other host (a gateway, a server of one's own) the
 * body must look like the API's.
 */
export function recogniseCall({ method, url, body, form }: WireRequest): WireCall | undefined {
  const api = apiAtPath(method, url.pathname);
  if (api === undefined) return undefined;
  const host = providerHostOf(url.host);
  const request = parsedRequest(body, form);
  if (host === undefined && !hasShape(api, request)) return undefined;
  const usage = usageTables.get(host?.usage?.[api.usage] ?? api.usage);
  if (usage === undefined) return undefined;
  const mayAskForUsage = host?.hasNoStreamUsageOption !== true;
  return {
    api,
    usage,
    provider: host?.provider ?? api.provider,
    serverAddress: url.hostname,
    serverPort: portOf(url),
    ...askedOf(api, request, { path: url.pathname, mayAskForUsage }),
  };
}

function askedOf(
  api: WireApi,
  request: JsonObject | undefined,
  { path, mayAskForUsage }: { path: string; mayAskForUsage: boolean },
): Pick<WireCall, "model" | "isStream" | "parameters" | "lacksStreamUsage"> {
  const groups = api.path.exec(path)?.groups;
  const isStream = isAskedToStream(api, request, groups);
  return {
    isStream,
    model: textAt(request, api.request.model ?? []) ?? decodedModel(groups?.["model"]),
    parameters: parametersOf(api, request),
    lacksStreamUsage: isStream && mayAskForUsage && lacksStreamUsage(api, request),
  };
}

function lacksStreamUsage(api: WireApi, request: JsonObject | undefined): boolean {
  if (api.hasStreamUsageOption !== true || request === undefined) return false;
  return valueAt(request, "stream_options.include_usage") !== true;
}

function parsedRequest(
  body: string | undefined,
  form: FormFields | undefined,
): JsonObject | undefined {
  if (form !== undefined) return requestOfForm(form);
  if (body === undefined || body.length > REQUEST_CHARACTERS_MAX) return undefined;
  const fields = formFieldsOf(body);
  if (fields !== undefined) return requestOfForm(fields);
  try {
    const value: unknown = JSON.parse(body);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A model in the path stands for one in the body. */
function hasShape(api: WireApi, request: JsonObject | undefined): boolean {
  return (
    request !== undefined &&
    api.shape.every((names) => names.some((name) => Object.hasOwn(request, name)))
  );
}

function isAskedToStream(
  api: WireApi,
  request: JsonObject | undefined,
  groups: Readonly<Record<string, string>> | undefined,
): boolean {
  if (groups?.["stream"] !== undefined) return true;
  const { stream = [], isStreamByDefault = false } = api.request;
  const says = (answer: boolean): boolean =>
    stream.some((path) => valueAt(request, path) === answer);
  return isStreamByDefault ? !says(false) : says(true);
}

/** Model names with ":" or "/" are escaped in paths. */
function decodedModel(model: string | undefined): string | undefined {
  if (model === undefined) return undefined;
  try {
    return decodeURIComponent(model);
  } catch {
    return model;
  }
}

function portOf({ port, protocol }: URL): number {
  if (port !== "") return Number(port);
  return protocol === "http:" ? HTTP_PORT : HTTPS_PORT;
}

function parametersOf(
  api: WireApi,
  request: JsonObject | undefined,
): Readonly<Record<string, RequestValue>> {
  const found: Record<string, RequestValue> = {};
  for (const [name, paths] of Object.entries(api.request.attributes)) {
    const value = paths.map((path) => valueAt(request, path)).find(isRequestValue);
    if (value !== undefined)
      found[name] = LIST_ATTRIBUTES.has(name) ? ([value].flat() as string[]) : value;
  }
  return found;
}

/** Lists by the conventions, though some APIs take one text. */
const LIST_ATTRIBUTES: ReadonlySet<string> = new Set([
  "gen_ai.request.encoding_formats",
  "gen_ai.request.stop_sequences",
]);

function isRequestValue(value: unknown): value is RequestValue {
  if (Array.isArray(value)) return value.every((each) => typeof each === "string");
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}
