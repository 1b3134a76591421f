import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Installation } from "../../seed/installation.ts";
import { runSeed, type SeedResult } from "../../seed/run-seed.ts";
import { lakeSummary } from "../support/lake-summary.ts";
import { launched, type LaunchedStack } from "../support/launched-stack.ts";
import { temporaryFolder, type TemporaryFolder } from "../support/temporary-folder.ts";
import { waitFor } from "../support/wait-for.ts";

/** The first start may have to build the console, on a machine that does other things too. */
const TIMEOUT_MS = 300_000;
const PROJECT = "storefront";

const controlToken = randomBytes(16).toString("hex");
let folder: TemporaryFolder;
let stack: LaunchedStack;

beforeAll(async () => {
  folder = temporaryFolder();
  stack = await launched(join(folder.path, "data"), { LENSAI_CONTROL_TOKEN: controlToken });
}, TIMEOUT_MS);
afterAll(async () => {
  await stack.stop();
  folder.remove();
});

async function seed(signal?: AbortSignal): Promise<SeedResult> {
  const installation: Installation = { ...stack, controlToken };
  return runSeed({
    options: { seed: "keys", days: 2, spansPerDay: 40, projects: 1 },
    installation,
    untilMs: Date.now(),
    startProgress: () => ({ update: () => undefined, end: () => undefined }),
    ...(signal !== undefined && { signal }),
  });
}

async function keysOfProject(): Promise<{ revokedAt: string | null }[]> {
  const answer = await fetch(`${stack.consoleUrl}/internal/keys?projectId=${PROJECT}`, {
    headers: { authorization: `Bearer ${controlToken}` },
  });
  return ((await answer.json()) as { keys: { revokedAt: string | null }[] }).keys;
}

it("sends its traffic with a key that is revoked when all is sent", async () => {
  const { byProject } = await seed();
  const [tally] = byProject.values();
  expect(await keysOfProject()).toEqual([
    expect.objectContaining({ revokedAt: expect.any(String) as string }),
  ]);
  await waitFor("the seeded calls in the lake", async () => {
    const { calls } = await lakeSummary(join(folder.path, "data"), PROJECT);
    return calls === tally?.calls ? true : undefined;
  });
});

it("revokes its keys when it is interrupted, too", async () => {
  await expect(seed(AbortSignal.abort(new Error("enough")))).rejects.toThrow("enough");
  const keys = await keysOfProject();
  expect(keys).toHaveLength(2);
  expect(keys.every(({ revokedAt }) => revokedAt !== null)).toBe(true);
});
