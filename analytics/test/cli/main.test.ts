import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { temporaryFolder } from "../temporary-folder.ts";

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

test("the process prints what a command writes, and ends with 1 and the reason when it fails", async () => {
  const folder = await temporaryFolder();
  try {
    const options = { env: { ...process.env, LENSAI_DATA_DIR: folder.path } };
    const shown = await run(process.execPath, [MAIN, "prices", "show", "openai", "gpt-5"], options);
    expect(shown.stdout).toContain("input_mtok");
    expect(shown.stderr).toBe("");
    await expect(run(process.execPath, [MAIN, "prices", "set"], options)).rejects.toMatchObject({
      code: 1,
      stdout: "",
      stderr: "lensai: <provider> is missing: give <provider> <model>\n",
    });
  } finally {
    await folder.remove();
  }
});
