/** OpenTelemetry's own switch for what models are asked and answer. */
export const CONTENT_VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";

/** Its values, and whether they put content on spans; `event_only` would put it elsewhere. */
const VALUES: Readonly<Record<string, boolean>> = {
  "": false,
  false: false,
  no_content: false,
  event_only: false,
  true: true,
  span_only: true,
  span_and_event: true,
};

/** Undefined for a value that is none of them, which captures nothing. */
export function capturesContent(value: string | undefined): boolean | undefined {
  return VALUES[value?.trim().toLowerCase() ?? ""];
}
