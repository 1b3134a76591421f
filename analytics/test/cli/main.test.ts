import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { temporaryFolder } from "../temporary-folder.ts";

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

test("the process prints what a command writes, and ends with 1 when it fails, or finds what should not be", async () => {
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
    const figures = join(folder.path, "figures.csv");
    await writeFile(figures, "day,provider,model,cost_usd\n2026-03-02,openai,gpt-5,1\n");
    await expect(
      run(process.execPath, [MAIN, "reconcile", figures], options),
    ).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringContaining("only the provider"),
      stderr: "",
    });
  } finally {
    await folder.remove();
  }
});
