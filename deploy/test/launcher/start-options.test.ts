import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startEnvironment } from "../../launcher/start-options.ts";
import { temporaryFolder, type TemporaryFolder } from "../support/temporary-folder.ts";

let folder: TemporaryFolder;

beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

const environmentOf = (argv: readonly string[], environment = {}) =>
  startEnvironment(argv, environment, folder.path);

test("takes the environment as it is without a file", () => {
  expect(environmentOf([], { A: "1" })).toEqual({ A: "1" });
});

test.each([[["--env-file", ".env"]], [["--env-file=.env"]]])(
  "adds what the file says with %j; the environment wins",
  (argv) => {
    writeFileSync(join(folder.path, ".env"), '# ports\nA=file\nB="two words"\n');
    expect(environmentOf(argv, { A: "environment" })).toEqual({ A: "environment", B: "two words" });
  },
);

test("names a file that cannot be read", () => {
  expect(() => environmentOf(["--env-file", "gone.env"])).toThrow(
    /gone\.env cannot be read \(ENOENT\)/,
  );
});

test.each([[["--port", "1"]], [["start"]], [["--env-file"]]])("refuses %j", (argv) => {
  expect(() => environmentOf(argv)).toThrow(/the only option is --env-file/);
});
