/** Instrumentation scope of every span: collectors tell by it how the counts are meant. */
export const INSTRUMENTATION_SCOPE = "@lensai/instrumentation";

/**
 * Scope of the spans of answers that are fetched later. The request that asked for such an answer has a span of the other
 * scope: what two scopes tell of one response id is one call, what one tells are two.
 */
export const DEFERRED_SCOPE = `${INSTRUMENTATION_SCOPE}/deferred`;

/** The version in package.json, which a bundle cannot read. */
export const INSTRUMENTATION_VERSION = "0.1.0";
