import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { lockFolder } from "../../src/landing/folder-lock.ts";
import { testFolder } from "./test-folder.ts";

/** The number of a process that has just ended. */
const deadPid = (): number => spawnSync(process.execPath, ["-e", ""]).pid;

/** Takes the lock in a process of its own, says what came of it, and keeps it until its input ends. */
function collectorOn(folder: string): ReturnType<typeof spawn> {
  const module = join(import.meta.dirname, "../../src/landing/folder-lock.ts");
  const script = `
    const { lockFolder } = await import(${JSON.stringify(module)});
    const lock = await lockFolder(process.argv[1]).catch(({ code }) => code);
    process.stdout.write(typeof lock === "string" ? lock : "held");
    for await (const _ of process.stdin);
    await lock.release?.();`;
  return spawn(process.execPath, ["--no-warnings", "--input-type=module", "-e", script, folder], {
    stdio: ["pipe", "pipe", "inherit"],
  });
}

const firstWordOf = async ({ stdout }: ReturnType<typeof spawn>): Promise<string> => {
  const [chunk] = (await once(stdout as NodeJS.ReadableStream, "data")) as [Buffer];
  return chunk.toString();
};

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
    ["of a dead process", (): string => `${deadPid()}.1`],
    ["of a dead process whose number another one has now", (): string => `${process.pid}.1`],
    ["of a dead process where no start is known", (): string => `${deadPid()}.unknown`],
    ["of nobody", (): string => "nobody"],
  ])("%s is taken over", async (_, owner) => {
    const folder = await testFolder();
    const left = `lock.${owner()}`;
    await writeFile(join(folder, left), "");
    const lock = await lockFolder(folder);
    const names = await readdir(folder);
    expect(names).toHaveLength(1);
    expect(names).not.toContain(left);
    await lock.release();
  });

  test("of a running process is respected, and the process named", async () => {
    const folder = await testFolder();
    const other = collectorOn(folder);
    expect(await firstWordOf(other)).toBe("held");
    await expect(lockFolder(folder)).rejects.toThrow(`in use by process ${other.pid};`);
    other.kill("SIGKILL");
    await once(other, "exit");
    await (await lockFolder(folder)).release();
  });

  test("of a dead process goes to one of two that want it at the same moment", async () => {
    const folder = await testFolder();
    await writeFile(join(folder, `lock.${deadPid()}.1`), "");
    const both = [collectorOn(folder), collectorOn(folder)];
    const words = await Promise.all(both.map(firstWordOf));
    expect(words.toSorted()).toEqual(["config.invalid", "held"]);
    for (const { stdin } of both) stdin?.end();
    await Promise.all(both.map((one) => once(one, "exit")));
    expect(await readdir(folder)).toEqual([]);
  });
});
