/** In place of the cost of a call that failed: it has none, which is neither $0.00 nor unknown. */
export const NOT_BILLED = "not billed";

export const NOT_BILLED_REASON = "failed without any usage: nothing to pay for";
