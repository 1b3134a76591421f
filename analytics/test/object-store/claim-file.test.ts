import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { tryClaim } from "../../src/object-store/claim-file.ts";
import type { Claim } from "../../src/object-store/claim-file.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import type { TemporaryFolder } from "../temporary-folder.ts";

let folder: TemporaryFolder;
let path: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  path = join(folder.path, "lock");
});
afterEach(() => folder.remove());

const isGone = (owner: string): Promise<boolean> => Promise.resolve(owner.startsWith("dead"));

const claimed = async (owner: string): Promise<Claim> => {
  const claim = await tryClaim(path, { owner, isGone });
  if ("heldBy" in claim) throw new Error(`held by ${claim.heldBy}`);
  return claim;
};

test("is held by one owner until it lets go, and leaves nothing behind", async () => {
  const first = await claimed("a");
  expect(await tryClaim(path, { owner: "b", isGone })).toEqual({ heldBy: "a" });
  expect(await tryClaim(path, { owner: "a", isGone })).toEqual({ heldBy: "a" });
  await first.release();
  const second = await claimed("b");
  await first.release();
  expect(await tryClaim(path, { owner: "a", isGone })).toEqual({ heldBy: "b" });
  await second.release();
  expect(await readdir(folder.path)).toEqual([]);
});

test("claims of owners that are gone are in nobody's way", async () => {
  await writeFile(`${path}.dead-1`, "");
  await writeFile(`${path}.dead-2`, "");
  await claimed("a");
  expect(await readdir(folder.path)).toEqual(["lock.a"]);
});

test("a failure to tell whether an owner is gone leaves no claim", async () => {
  await writeFile(`${path}.other`, "");
  const failing = { owner: "a", isGone: () => Promise.reject(new Error("cannot tell")) };
  await expect(tryClaim(path, failing)).rejects.toThrow("cannot tell");
  expect(await readdir(folder.path)).toEqual(["lock.other"]);
});

test("of many who find the claim of a dead owner, never two hold it at once", async () => {
  let inside = 0;
  let most = 0;
  let entries = 0;
  const enter = async (owner: string, round: number): Promise<void> => {
    for (;;) {
      const claim = await tryClaim(path, { owner, isGone });
      if ("heldBy" in claim) {
        await turn();
        continue;
      }
      inside += 1;
      most = Math.max(most, inside);
      entries += 1;
      // Whoever looked a moment ago finds the dead owner's claim gone, and this one in its place.
      await writeFile(`${path}.dead-${round}-${owner}`, "");
      inside -= 1;
      await claim.release();
      return;
    }
  };
  for (let round = 0; round < 25; round += 1) {
    await writeFile(`${path}.dead-${round}`, "");
    await Promise.all(["a", "b", "c", "d"].map((owner) => enter(owner, round)));
  }
  expect({ most, entries }).toEqual({ most: 1, entries: 100 });
});
