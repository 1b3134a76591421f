import { REFUSAL_CAUSES, type RefusalCause } from "@lensai/otel-config/control/refusal-cause";

/** Why a budget had no room, as people read it. */
export const CAUSE_WORDS: Readonly<Record<RefusalCause, string>> = {
  spent: "too little was left",
  held: "held by calls that ran",
  ledger_silent: "the ledger did not answer",
  unpriced: "no price is known",
};

export function isRefusalCause(name: string | undefined): name is RefusalCause {
  return REFUSAL_CAUSES.some((cause) => cause === name);
}
