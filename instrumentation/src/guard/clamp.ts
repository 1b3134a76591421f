import { isJsonObject, valuesAt } from "../wire/json-path.ts";
import type { JsonObject } from "../wire/json-path.ts";
import type { WireCall } from "../wire/recognise-call.ts";

/** A shorter answer is of no use, and costs its input all the same: then the call is refused. */
export const CLAMPED_TOKENS_MIN = 64;

const LIMIT = "gen_ai.request.max_tokens";
/** OpenAI's models that reason refuse the old name; other servers know only that one. */
const NEW_NAME_PROVIDERS: ReadonlySet<string> = new Set(["openai", "azure.ai.openai"]);

/**
 * The request with its limit of output tokens lowered to this, or put in where there was none; everything else
 * in it stays. Undefined when the API has no such limit, and where the model must be allowed more than this:
 * Anthropic refuses a limit that is not above the budget for thinking.
 */
export function withOutputLimit(
  { api, provider }: Pick<WireCall, "api" | "provider">,
  request: JsonObject,
  tokens: number,
): JsonObject | undefined {
  if (tokens < CLAMPED_TOKENS_MIN || thinkingTokens(request) >= tokens) return undefined;
  const paths = api.request.attributes[LIMIT] ?? [];
  const given = paths.filter((path) => valuesAt(request, path)[0] !== undefined);
  const place = NEW_NAME_PROVIDERS.has(provider) ? paths[0] : paths.at(-1);
  const changed = given.length > 0 ? given : [place].filter((path) => path !== undefined);
  if (changed.length === 0) return undefined;
  return changed.reduce((body, path) => withValue(body, path.split("."), tokens), request);
}

function thinkingTokens(request: JsonObject): number {
  const thinking = request["thinking"];
  const tokens = isJsonObject(thinking) ? thinking["budget_tokens"] : undefined;
  return typeof tokens === "number" ? tokens : 0;
}

function withValue(
  object: JsonObject,
  [key, ...rest]: readonly string[],
  value: number,
): JsonObject {
  if (key === undefined) return object;
  if (rest.length === 0) return { ...object, [key]: value };
  const below = object[key];
  return { ...object, [key]: withValue(isJsonObject(below) ? below : {}, rest, value) };
}
