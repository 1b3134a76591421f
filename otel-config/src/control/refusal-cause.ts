/**
 * Why a budget has no room for a call. `spent`: too little is left. `held`: there would be room if calls that run, and
 * other processes, gave back what they have not spent: it makes sense to try again. `ledger_silent`: the ledger does not
 * answer, and what the process was lent is used up. `unpriced`: nobody knows what the call costs.
 */
export const REFUSAL_CAUSES = ["spent", "held", "ledger_silent", "unpriced"] as const;

export type RefusalCause = (typeof REFUSAL_CAUSES)[number];
