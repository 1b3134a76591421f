import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { lockFolder } from "../../src/landing/folder-lock.ts";
import { testFolder } from "./test-folder.ts";

/** The number of a process that has just ended. */
const deadPid = (): number => spawnSync(process.execPath, ["-e", ""]).pid;

describe("the lock of a folder", () => {
  test("is held by one owner until it lets go", async () => {
    const folder = await testFolder();
    const lock = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toMatchObject({ code: "config.invalid" });
    await lock.release();
    await lock.release();
    await (await lockFolder(folder)).release();
    expect(await readdir(folder)).toEqual([]);
  });

  test.each([
    ["of a dead process", (): string => JSON.stringify({ pid: deadPid() })],
    [
      "of a dead process whose number another one has now",
      (): string => JSON.stringify({ pid: process.pid, startedAt: "an earlier boot/1" }),
    ],
    ["that was cut off while it was written", (): string => '{"pid":'],
    ["of nobody", (): string => ""],
  ])("%s is taken over", async (_, content) => {
    const folder = await testFolder();
    await writeFile(join(folder, "lock"), content());
    const lock = await lockFolder(folder);
    expect(await readFile(join(folder, "lock"), "utf8")).toContain(`"pid":${process.pid}`);
    expect(await readdir(folder)).toEqual(["lock"]);
    await lock.release();
  });

  test("of a running process is respected, and the process named", async () => {
    const folder = await testFolder();
    const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    await writeFile(join(folder, "lock"), JSON.stringify({ pid: other.pid }));
    await expect(lockFolder(folder)).rejects.toThrow(`in use by process ${other.pid}`);
    other.kill("SIGKILL");
    await once(other, "exit");
    await (await lockFolder(folder)).release();
  });
});
