import type { OurFigures } from "./figure-sums.ts";
import { TOKEN_MEASURES } from "./provider-record.ts";
import type { Measures } from "./provider-record.ts";
import { isWithin } from "./tolerance.ts";
import type { TolerancePpm } from "./tolerance.ts";

/** What the figures say of why two sides differ. */
export type Cause =
  | "calls_not_seen"
  | "calls_not_charged"
  | "no_model"
  | "not_exact_here"
  | "cached_tokens"
  | "tokens"
  | "price_or_tier"
  | "not_told";

/** Each of them in words, with what to look at. */
export const CAUSE_TEXTS: Readonly<Record<Cause, string>> = {
  calls_not_seen: "calls not seen here: a key or an app that does not report",
  calls_not_charged:
    "calls that the provider does not count: another account, or a producer that counts too much",
  no_model: "charged without a model: a tool, storage or a fee",
  not_exact_here: "estimated or unpriced calls here",
  cached_tokens:
    "cached tokens differ: a producer that does not say them, or counts them otherwise",
  tokens: "as many calls, other tokens: a producer that counts otherwise",
  price_or_tier: "tokens agree: another price or service tier",
  not_told: "the files do not tell: give the usage report, too",
};

export interface Sides {
  readonly isOfModel: boolean;
  readonly theirs: Measures | undefined;
  readonly ours: OurFigures | undefined;
}

const CACHE_MEASURES = ["cacheReadTokens", "cacheWriteTokens"] as const;

/** The causes that figures on both sides point to, for two sides that do not match. */
export function findCauses({ isOfModel, theirs, ours }: Sides, tolerance: TolerancePpm): Cause[] {
  if (theirs === undefined) return inexact(ours, ["calls_not_charged"]);
  if (ours === undefined) return isOfModel ? ["calls_not_seen"] : ["no_model"];
  const agree = (measure: keyof Measures): boolean | undefined => {
    const told = theirs[measure];
    return told === undefined ? undefined : isWithin(told, ours[measure], tolerance);
  };
  const causes: Cause[] = [];
  const { requests } = theirs;
  const hasRequests = requests !== undefined && ours.requests !== undefined;
  if (hasRequests && agree("requests") === false) {
    causes.push(requests > BigInt(ours.calls) ? "calls_not_seen" : "calls_not_charged");
  } else {
    causes.push(...tokenCauses(agree));
  }
  return inexact(ours, causes);
}

function tokenCauses(agree: (measure: keyof Measures) => boolean | undefined): Cause[] {
  if (agree("inputTokens") === false || agree("outputTokens") === false) return ["tokens"];
  if (CACHE_MEASURES.some((measure) => agree(measure) === false)) return ["cached_tokens"];
  const told = TOKEN_MEASURES.filter((measure) => agree(measure) !== undefined);
  return told.length === 0 ? ["not_told"] : ["price_or_tier"];
}

/** Guesses and gaps here are named first; alone, when there is nothing else here. */
function inexact(ours: OurFigures | undefined, causes: readonly Cause[]): Cause[] {
  if (ours === undefined) return [...causes];
  const count = ours.estimatedCalls + ours.unpricedCalls;
  if (count === 0) return [...causes];
  return count >= ours.calls ? ["not_exact_here"] : ["not_exact_here", ...causes];
}
