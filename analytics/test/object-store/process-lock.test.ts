import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { tryLock } from "../../src/object-store/process-lock.ts";
import type { ProcessLock } from "../../src/object-store/process-lock.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import type { TemporaryFolder } from "../temporary-folder.ts";

let folder: TemporaryFolder;
let file: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  file = join(folder.path, "lock");
});
afterEach(() => folder.remove());

const taken = async (): Promise<ProcessLock> => {
  const lock = await tryLock(file);
  if ("heldByPid" in lock) throw new Error(`held by ${lock.heldByPid}`);
  return lock;
};

/** Takes the lock in a process of its own, says so, and keeps it until its input ends. */
function holder(): ReturnType<typeof spawn> {
  const script = `
    import { tryLock } from ${JSON.stringify(join(import.meta.dirname, "../../src/object-store/process-lock.ts"))};
    const lock = await tryLock(process.argv[1]);
    process.stdout.write("heldByPid" in lock ? "refused" : "held");
    for await (const _ of process.stdin);
    if (!("heldByPid" in lock)) await lock.release();`;
  return spawn(process.execPath, ["--input-type=module", "-e", script, file], {
    stdio: ["pipe", "pipe", "inherit"],
  });
}

const firstWordOf = async ({ stdout }: ReturnType<typeof spawn>): Promise<string> => {
  const [chunk] = (await once(stdout as NodeJS.ReadableStream, "data")) as [Buffer];
  return chunk.toString();
};

test("is held until it is released, and leaves nothing behind", async () => {
  const lock = await taken();
  expect(lock.wasStale).toBe(false);
  expect(await tryLock(file)).toEqual({ heldByPid: process.pid });
  await lock.release();
  await lock.release();
  expect(readdirSync(folder.path)).toEqual([]);
});

test("names the living process that holds it, and is free when that was killed", async () => {
  const other = holder();
  expect(await firstWordOf(other)).toBe("held");
  expect(await tryLock(file)).toEqual({ heldByPid: other.pid });
  other.kill("SIGKILL");
  await once(other, "exit");
  const lock = await taken();
  expect(lock.wasStale).toBe(true);
  await lock.release();
});

test("of two that start at the same moment over a dead one's lock, one gets it", async () => {
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  writeFileSync(`${file}.${pid}.1`, "");
  const both = [holder(), holder()];
  const words = await Promise.all(both.map(firstWordOf));
  expect(words.toSorted()).toEqual(["held", "refused"]);
  for (const { stdin } of both) stdin?.end();
  await Promise.all(both.map((one) => once(one, "exit")));
  expect(readdirSync(folder.path)).toEqual([]);
});

test("a process that has a dead one's number does not keep it closed", async () => {
  writeFileSync(`${file}.${process.pid}.1`, "");
  const lock = await taken();
  expect(lock.wasStale).toBe(true);
  await lock.release();
});
