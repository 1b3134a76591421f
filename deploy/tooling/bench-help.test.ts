import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);
const root = new URL("../..", import.meta.url);
const { scripts } = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as {
  scripts: Record<string, string>;
};
const benches = Object.entries(scripts).filter(([name]) => name.startsWith("bench:"));

test.each(benches)("%s says what it does when it is asked, and ends", async (name, command) => {
  const [, ...words] = command.split(" ");
  const { stdout } = await run(process.execPath, [...words, "--help"], { cwd: root });
  expect(stdout).toContain(`npx pnpm@12 ${name}`);
  expect(stdout).toMatch(/^ {2}--help +prints this, and ends$/m);
});
