/** Instrumentation scope of every span: collectors tell by it how the counts are meant. */
export const INSTRUMENTATION_SCOPE = "@lensai/instrumentation";

/** The version in package.json, which a bundle cannot read. */
export const INSTRUMENTATION_VERSION = "0.1.0";
