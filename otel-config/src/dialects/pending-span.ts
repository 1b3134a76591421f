/**
 * Logfire exports a copy of every span when it starts. The copy is dropped: the span itself follows when it
 * has ended, and both would count.
 */
export const PENDING_SPAN = { attribute: "logfire.span_type", value: "pending_span" } as const;
