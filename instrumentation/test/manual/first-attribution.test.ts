import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { afterEach, expect, test } from "vitest";
import { attributionOf, withAttribution } from "../../src/manual/attribution.ts";
import { processState } from "../../src/spans/process-state.ts";

afterEach(() => {
  processState().start = undefined;
  context.disable();
});

test("an attribution that comes before the first call starts the SDK, and holds for that call", () => {
  processState().start = () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  };
  const known = withAttribution({ team: "support" }, () => attributionOf(context.active()));
  expect(known).toEqual({ team: "support" });
});
