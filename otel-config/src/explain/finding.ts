import type { PricedThing } from "./set-price-command.ts";

/** Something a person should know about a call, in whole sentences. */
export interface Finding {
  /** Stable, for programs. */
  readonly code: string;
  readonly text: string;
  /** What would change it; undefined when nothing is wrong or nothing can be done. */
  readonly advice: string | undefined;
  /** A command that does it, ready for a shell. */
  readonly command: string | undefined;
  /** What a price would have to be set of; undefined where a price is not what is missing. */
  readonly unpriced: Required<PricedThing> | undefined;
}
