import { USAGE_TABLES } from "@lensai/otel-config/usage/provider-usage/usage-tables";
import type { UsageTable } from "@lensai/otel-config/usage/provider-usage/usage-table";
import { callTargetAt, portOf } from "./call-target.ts";
import type { CallTarget } from "./call-target.ts";
import { textAt, valueAt } from "./json-path.ts";
import { memberAt } from "./json-text.ts";
import type { JsonObject, JsonPath } from "./json-path.ts";
import { providerHostOf } from "./provider-hosts.ts";
import type { ProviderHost } from "./provider-hosts.ts";
import { isTooLong, readRequestBody } from "./request-body.ts";
import type { BodySource, RequestBody } from "./request-body.ts";
import { lacksStreamUsage } from "./stream-usage-option.ts";
import type { WireApi } from "./wire-api.ts";

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

export interface WireRequest extends BodySource {
  readonly method: string;
  readonly url: URL;
  /** What `url` tells, of whoever has looked already. */
  readonly target?: CallTarget | undefined;
}

const NO_PATHS: readonly JsonPath[] = [];

const usageTables = new Map(USAGE_TABLES.map((table) => [table.api, table]));

/**
 * Is it a call of a model? Known hosts are trusted. At any other host (a gateway, a server of one's own) the
 * body must look like the API's.
 */
export function recogniseCall(
  request: WireRequest,
  { members }: Pick<RequestBody, "members"> = readRequestBody(request),
): WireCall | undefined {
  const target = targetOf(request);
  if (target === undefined) return undefined;
  const { api, host, serverAddress, serverPort } = target;
  if (host === undefined && !hasShape(api, members, request.body)) return undefined;
  const usage = usageTableOf(api, host);
  if (usage === undefined) return undefined;
  const provider = host?.provider ?? api.provider;
  return { api, usage, provider, serverAddress, serverPort, ...askedOf(target, members) };
}

/** The call of an API at this address whose answer is fetched there, and whose request is not known. */
export function callOfAnswer(api: WireApi, url: URL, model?: string): WireCall | undefined {
  const host = providerHostOf(url.host);
  const usage = usageTableOf(api, host);
  if (usage === undefined) return undefined;
  return {
    api,
    usage,
    provider: host?.provider ?? api.provider,
    model,
    isStream: false,
    serverAddress: url.hostname,
    serverPort: portOf(url),
    parameters: {},
    lacksStreamUsage: false,
  };
}

/** Some hosts count in a way of their own what they have copied of another's API. */
function usageTableOf(api: WireApi, host: ProviderHost | undefined): UsageTable | undefined {
  return usageTables.get(host?.usage?.[api.usage] ?? api.usage);
}

/** Where the request goes, when by its address it could be a call. */
export function targetOf({ method, url, target }: WireRequest): CallTarget | undefined {
  if (method !== "POST") return undefined;
  return target ?? callTargetAt(url.href);
}

/**
 * Is it, by its text, a stream whose usage is to be asked for? The body of a call is read when it has been sent, but for
 * this, which is found sooner.
 */
export function asksForNoUsage(
  { api, host }: CallTarget,
  { body }: Pick<WireRequest, "body">,
): boolean {
  if (api.hasStreamUsageOption !== true || host?.hasNoStreamUsageOption === true) return false;
  if (body === undefined || isTooLong(body) || !lacksStreamUsage(body)) return false;
  return host !== undefined || hasMembers(api, (name) => memberAt(body, name) !== undefined);
}

function askedOf(
  target: CallTarget,
  request: JsonObject | undefined,
): Pick<WireCall, "model" | "isStream" | "parameters" | "lacksStreamUsage"> {
  const { api, host } = target;
  const isStream = target.isStream || isAskedToStream(api, request);
  const mayAskForUsage = isStream && host?.hasNoStreamUsageOption !== true;
  return {
    isStream,
    model: textAt(request, api.request.model ?? NO_PATHS) ?? target.model,
    parameters: parametersOf(api, request),
    lacksStreamUsage: mayAskForUsage && reportsNoUsage(api, request),
  };
}

function reportsNoUsage(api: WireApi, request: JsonObject | undefined): boolean {
  if (api.hasStreamUsageOption !== true || request === undefined) return false;
  return valueAt(request, "stream_options.include_usage") !== true;
}

/**
 * A model in the path stands for one in the body. Of a body that is too long to be read it is enough to name the
 * members: inside of JSON texts every quote is escaped.
 */
function hasShape(
  api: WireApi,
  request: JsonObject | undefined,
  body: string | undefined,
): boolean {
  const isUnread = request === undefined && body !== undefined && isTooLong(body);
  if (request === undefined && !isUnread) return false;
  return hasMembers(api, (name) =>
    request === undefined ? body?.includes(`"${name}"`) === true : Object.hasOwn(request, name),
  );
}

function hasMembers({ shape }: WireApi, has: (name: string) => boolean): boolean {
  return shape.every((names) => names.some(has));
}

function isAskedToStream(api: WireApi, request: JsonObject | undefined): boolean {
  const { stream = NO_PATHS, isStreamByDefault = false } = api.request;
  const says = (answer: boolean): boolean =>
    stream.some((path) => valueAt(request, path) === answer);
  return isStreamByDefault ? !says(false) : says(true);
}

function parametersOf(
  api: WireApi,
  request: JsonObject | undefined,
): Readonly<Record<string, RequestValue>> {
  const found: Record<string, RequestValue> = {};
  for (const name in api.request.attributes) {
    const value = requestValueAt(request, api.request.attributes[name] ?? NO_PATHS);
    if (value !== undefined)
      found[name] = LIST_ATTRIBUTES.has(name) ? ([value].flat() as string[]) : value;
  }
  return found;
}

function requestValueAt(
  request: JsonObject | undefined,
  paths: readonly JsonPath[],
): RequestValue | undefined {
  for (const path of paths) {
    const value = valueAt(request, path);
    if (isRequestValue(value)) return value;
  }
  return undefined;
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
