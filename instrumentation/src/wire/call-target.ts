import { deferredSourceAt } from "./deferred/deferred-sources.ts";
import { providerHostOf } from "./provider-hosts.ts";
import type { ProviderHost } from "./provider-hosts.ts";
import type { WireApi } from "./wire-api.ts";
import { WIRE_APIS } from "./wire-apis.ts";

/** Where a request goes that could be a call of a model, and all that its address tells. */
export interface CallTarget {
  readonly url: URL;
  /** With the query. */
  readonly path: string;
  readonly api: WireApi;
  /** Undefined for one that nobody is known by. */
  readonly host: ProviderHost | undefined;
  readonly serverAddress: string;
  readonly serverPort: number;
  /** Some APIs have the model in the path. */
  readonly model: string | undefined;
  /** Some have a path of its own for streams. */
  readonly isStream: boolean;
}

const HTTPS_PORT = 443;
const HTTP_PORT = 80;

/** An application calls few addresses, each of them often. */
const known = new Map<string, CallTarget>();
const KNOWN_MAX = 100;

/** The API that a request could be a call of, by method and path alone: cheap, for every request there is. */
export function apiAtPath(method: string, path: string): WireApi | undefined {
  return method === "POST" ? WIRE_APIS.find((api) => api.path.test(path)) : undefined;
}

/** Could it be a call, or fetch answers to calls? By method and path alone, for every request there is. */
export function isOfInterest(method: string, path: string): boolean {
  if (method === "GET") return deferredSourceAt(path) !== undefined;
  return apiAtPath(method, path) !== undefined;
}

/** Undefined when no API of models is called at this address by POST. */
export function callTargetAt(href: string): CallTarget | undefined {
  const found = known.get(href);
  if (found !== undefined) return found;
  // Relative ones have no base outside of browsers: fetch refuses them.
  if (!URL.canParse(href)) return undefined;
  const target = targetOf(new URL(href));
  if (target === undefined) return undefined;
  const [oldest] = known.keys();
  if (known.size >= KNOWN_MAX && oldest !== undefined) known.delete(oldest);
  known.set(href, target);
  return target;
}

function targetOf(url: URL): CallTarget | undefined {
  const api = apiAtPath("POST", url.pathname);
  if (api === undefined) return undefined;
  const groups = api.path.exec(url.pathname)?.groups;
  return {
    url,
    path: url.pathname + url.search,
    api,
    host: providerHostOf(url.host),
    serverAddress: url.hostname,
    serverPort: portOf(url),
    model: decodedModel(groups?.["model"]),
    isStream: groups?.["stream"] !== undefined,
  };
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

/** With the usual one of its scheme where it names none. */
export function portOf({ port, protocol }: URL): number {
  if (port !== "") return Number(port);
  return protocol === "http:" ? HTTP_PORT : HTTPS_PORT;
}
