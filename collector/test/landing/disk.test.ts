import { readFile, readdir, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { nodeDisk } from "../../src/landing/disk.ts";
import { testFolder } from "./test-folder.ts";

const O_DSYNC = 0o10000;

/** The flags that the system keeps of this process's open file (proc(5), fdinfo). */
async function openFlagsOf(path: string): Promise<number> {
  for (const descriptor of await readdir("/proc/self/fd")) {
    const target = await readlink(`/proc/self/fd/${descriptor}`).catch(() => "");
    if (target !== path) continue;
    const info = await readFile(`/proc/self/fdinfo/${descriptor}`, "utf8");
    return parseInt(/^flags:\s+(\d+)/m.exec(info)?.[1] ?? "", 8);
  }
  throw new Error(`${path} is not open`);
}

test.runIf(process.platform === "linux").each([
  ["durable", O_DSYNC],
  ["existing", 0],
] as const)("writes to a file opened as %s are synced by the system or not", async (mode, flag) => {
  const path = join(await testFolder(), "log");
  await writeFile(path, "before");
  const file = await nodeDisk.open(path, mode);
  expect((await openFlagsOf(path)) & O_DSYNC).toBe(flag);
  expect(await file.writev([Buffer.from("af"), Buffer.from("ter")], 1)).toBe(5);
  await file.close();
  expect(await readFile(path, "utf8")).toBe("bafter");
});

test("a durable file is one that exists", async () => {
  const path = join(await testFolder(), "absent");
  await expect(nodeDisk.open(path, "durable")).rejects.toMatchObject({ code: "ENOENT" });
});
