import type { ApiRoute } from "./route.ts";

export type RouteMatch =
  | { readonly kind: "found"; readonly route: ApiRoute; readonly params: PathParams }
  /** The path is one of the API's, but not with this method. */
  | { readonly kind: "method_not_allowed"; readonly allowed: readonly string[] }
  | { readonly kind: "path_unknown" };

export type PathParams = Readonly<Record<string, string>>;

/**
 * Finds the route of a request. `path` is what comes behind /api/v1, still percent-encoded. A path without
 * parameters wins over one with them: `/prices/unknown` is not the price of "unknown".
 */
export function matchRoute(
  routes: readonly ApiRoute[],
  { method, path }: { readonly method: string; readonly path: string },
): RouteMatch {
  const segments = path.split("/");
  const candidates = routes
    .map((route) => ({ route, params: paramsOf(route.path.split("/"), segments) }))
    .filter((candidate) => candidate.params !== undefined)
    .toSorted((one, other) => countOf(one.params) - countOf(other.params));
  const wanted = method === "HEAD" ? "GET" : method;
  const fewest = countOf(candidates[0]?.params);
  const sameShape = candidates.filter(({ params }) => countOf(params) === fewest);
  const found = sameShape.find(({ route }) => route.method === wanted);
  if (found?.params !== undefined)
    return { kind: "found", route: found.route, params: found.params };
  if (sameShape.length === 0) return { kind: "path_unknown" };
  const methods = sameShape.map(({ route }) => route.method);
  const allowed = methods.includes("GET") ? [...methods, "HEAD"] : methods;
  return { kind: "method_not_allowed", allowed: [...allowed].sort() };
}

const countOf = (params: PathParams | undefined): number => Object.keys(params ?? {}).length;

function paramsOf(pattern: readonly string[], segments: readonly string[]): PathParams | undefined {
  if (pattern.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? "";
    const name = /^\{(.+)\}$/.exec(part)?.[1];
    if (name === undefined && part !== segment) return undefined;
    if (name === undefined) continue;
    const value = decoded(segment);
    if (value === undefined || value === "") return undefined;
    params[name] = value;
  }
  return params;
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
