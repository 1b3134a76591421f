import { STANDARD_TIER } from "../pricing/service-tier.ts";

export interface PricedThing {
  readonly provider: string;
  readonly model: string;
  /** Canonical. */
  readonly serviceTier?: string;
}

/** Characters that mean nothing to a shell. */
const HARMLESS = /^[\w./:@+][\w./:@+-]*$/;

/** The command that gives a model a price, with the amounts left to fill in. Names are quoted for a POSIX shell. */
export function setPriceCommand({
  provider,
  model,
  serviceTier = STANDARD_TIER,
}: PricedThing): string {
  const tier = serviceTier === STANDARD_TIER ? "" : ` --service-tier ${quoted(serviceTier)}`;
  return (
    `npx pnpm@12 lensai prices set ${quoted(provider)} ${quoted(model)}${tier}` +
    ` --input '<$ per million>' --output '<$ per million>' --source '<where it says so>'`
  );
}

/** Names come from clients: pasted into a shell they must stay one word. */
function quoted(word: string): string {
  return HARMLESS.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
