import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { INSTRUMENTATION_SCOPE, INSTRUMENTATION_VERSION } from "../src/spans/scope.ts";

test("spans name this package and its version", () => {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  );
  expect(manifest).toMatchObject({
    name: INSTRUMENTATION_SCOPE,
    version: INSTRUMENTATION_VERSION,
  });
});
