/**
 * Attributes that count tokens of a call under a name that no table has. They are not read, since nobody knows what they
 * contain, but the record says that they were there: what a call cost is not known for sure while a count of it is
 * unread.
 */
export type UnreadCount =
  /** Of cached tokens: their price is another, and without them the input may be too large or too small. */
  | "cached"
  /** Of any tokens. */
  | "tokens";

/** `input_tokens`, `promptTokens`, `usage.total_token_count`; not `max_tokens` or `auth.token`. */
const COUNTED = /(?:input|output|prompt|completion|reasoning|thinking|thought|total)[a-z_.]*token/i;
/** `tokensIn` (Cline), `tokens_out`, `llm.tokens.prompt`. */
const COUNTED_AFTER = /tokens?[._-]?(?:(?:in|out)(?:put)?|prompt|completion)(?![a-z])/i;
const CACHED = /cache(?:d|[_.]?(?:read|write|creat|hit))/i;
const OF_TOKENS = /token|usage/i;
/** Amounts, shares, limits, and what was not cached. */
const ELSE =
  /cost|usd|price|rate|ratio|perc|pct|sav(?:ed|ing)|limit|max|budget|miss|uncached|non_?cached|per_|second|length|estimate|aggregate|cumulat/i;

/** What an attribute that no table has seems to count; undefined when it counts no tokens. */
export function unreadCountOf(name: string): UnreadCount | undefined {
  if (ELSE.test(name)) return undefined;
  if (CACHED.test(name) && OF_TOKENS.test(name)) return "cached";
  return COUNTED.test(name) || COUNTED_AFTER.test(name) ? "tokens" : undefined;
}
