/** Instrumentation scope of every span: collectors tell by it how the counts are meant. */
export const INSTRUMENTATION_SCOPE = "@lensai/instrumentation";
