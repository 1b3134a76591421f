import { expect, test } from "vitest";
import { readEnvironment } from "../src/config.ts";

const NAME = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";

test.each(["true", "TRUE", " span_only ", "SPAN_AND_EVENT"])("%j captures content", (value) => {
  expect(readEnvironment({ [NAME]: value }).capturesContent).toBe(true);
});

test.each([undefined, "", "false", "no_content", "event_only", "yes"])(
  "%j captures none",
  (value) => {
    expect(readEnvironment({ [NAME]: value }).capturesContent).toBe(false);
  },
);
