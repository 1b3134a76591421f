import { isJsonObject } from "./json-path.ts";
import { memberAt, nestedAt } from "./json-text.ts";
import type { SseEvent } from "@lensai/otel-config/event-stream/sse-parser";

/**
 * OpenAI's chat streams report usage only when the request has `stream_options.include_usage`. The option is
 * put in for callers that did not ask, and what it adds to the stream is taken out again.
 */

/** Is it the JSON of a request for a stream that will not report its usage? */
export function lacksStreamUsage(body: string): boolean {
  // Most requests are for no stream.
  const from = body.indexOf(BOTH);
  if (from < 0) return false;
  const options = memberAt(body, "stream_options", from);
  if (options !== undefined && body.startsWith(ASKED, options)) return false;
  const stream = memberAt(body, "stream", from);
  if (stream === undefined || !body.startsWith("true", stream)) return false;
  if (options === undefined || body[options] !== "{") return true;
  const asked = parsed(nestedAt(body, options));
  return !isJsonObject(asked) || asked["include_usage"] !== true;
}

/** The request's JSON with the option; everything else in it stays as it is. */
export function withStreamUsage(body: string): string | undefined {
  // Nearly no request has the member: then it is put in front, which takes no time however long the body is.
  const hasMember = body.includes(MEMBER, body.indexOf(BOTH));
  const start = hasMember ? null : OBJECT_START.exec(body);
  if (start !== null) return `${start[0]}${OPTION},${body.slice(start[0].length)}`;
  const request: unknown = JSON.parse(body);
  if (!isJsonObject(request)) return undefined;
  const options = request["stream_options"];
  return JSON.stringify({
    ...request,
    stream_options: { ...(isJsonObject(options) && options), include_usage: true },
  });
}

/**
 * What both members begin with. No longer: V8 looks for seven letters and more by a table, which takes five times as long in
 * a long text of words with some quotes.
 */
const BOTH = '"strea';
const MEMBER = '"stream_options"';
const ASKED = '{"include_usage":true}';
const OPTION = `${MEMBER}:${ASKED}`;
/** Of an object with members. */
const OBJECT_START = /^\s*\{(?=\s*")/;

/** Could an answer be a refusal of the option, by its status alone? */
export const mayRefuseStreamUsage = (status: number): boolean => REFUSALS.has(status);

/** A refusal of the option: servers name what they do not know. */
export function refusesStreamUsage(status: number, body: string): boolean {
  return mayRefuseStreamUsage(status) && /stream_options|include_usage/.test(body);
}

/** Bad request and unprocessable content. */
const REFUSALS: ReadonlySet<number> = new Set([400, 422]);

/** Inside of JSON texts every quote is escaped, so that this is found only where it is a member. */
const NULL_USAGE = /,\s*"usage"\s*:\s*null(?=\s*[,}])|"usage"\s*:\s*null\s*,/g;

/** The event as it would have come without the option; undefined when it would not have come. */
export function withoutStreamUsage({ raw, data }: SseEvent): string | undefined {
  if (data === undefined || !data.includes('"usage"')) return raw;
  return isUsageChunk(data) ? undefined : raw.replaceAll(NULL_USAGE, "");
}

/** The chunk that exists only for the usage: it has no choices. */
function isUsageChunk(data: string): boolean {
  const chunk = parsed(data);
  if (!isJsonObject(chunk) || !isJsonObject(chunk["usage"])) return false;
  return Array.isArray(chunk["choices"]) && chunk["choices"].length === 0;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
