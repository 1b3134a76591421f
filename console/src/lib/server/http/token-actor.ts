/** Whoever holds the control token, in the audit log. */
export const TOKEN_ACTOR = "control token";
