import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { FAKE_CREDENTIALS, startS3Fake } from "../../../analytics/test/s3-fake.ts";
import { expect, onTestFinished, test } from "vitest";
import { countSpanIds } from "../landing/lake-rows.ts";
import { testFolder } from "../landing/test-folder.ts";
import { startChild } from "./child-collector.ts";
import type { ChildCollector } from "./child-collector.ts";
import { Sender } from "./sender.ts";
import { startProxy } from "./stallable-proxy.ts";

/** The collector as a process, whose disk is full or whose object store hangs. */

const MIB = 1024 * 1024;
/** Refused requests of about 40 KB each, twice: 160 MB of load, which must not stay in memory. */
const REFUSED_REQUESTS = 2000;
/** Before the outage the process was under load: row batches, buffers of the log, the landing thread. */
const RSS_BYTES_MAX = 400 * MIB;
/** How much further the second half of the refused load may push it: noise of the collector of garbage. */
const GROWTH_BYTES_MAX = 48 * MIB;
const TEST_TIMEOUT_MS = 180_000;

async function start(env: Record<string, string>): Promise<ChildCollector> {
  const child = await startChild({
    LENSAI_WAL_SEGMENT_BYTES: String(MIB),
    LENSAI_LANDING_INTERVAL_MS: "50",
    ...env,
  });
  onTestFinished(async () => {
    if (child.isRunning()) await child.end("SIGKILL");
  });
  return child;
}

async function readiness(child: ChildCollector): Promise<{ status: number; problems: string }> {
  const response = await child.send({ method: "GET", path: "/readyz" });
  const { problems = [] } = response.json() as { problems?: string[] };
  return { status: response.status, problems: problems.join("; ") };
}

/** Load that is refused, twice; the second time must find the memory of the first enough. */
async function expectBounded(
  { child, sender }: { child: ChildCollector; sender: Sender },
  annotate: (message: string) => Promise<unknown>,
): Promise<void> {
  await sender.press(REFUSED_REQUESTS);
  const before = await child.memory();
  await sender.press(REFUSED_REQUESTS);
  const { rssBytes, peakRssBytes } = await child.memory();
  const sizes = [before.peakRssBytes, rssBytes, peakRssBytes].map(toMegabytes);
  await annotate(`peak RSS ${sizes[0]} MB, then RSS ${sizes[1]} MB and peak ${sizes[2]} MB`);
  expect(sender.refusals.http).toBeGreaterThan(REFUSED_REQUESTS);
  expect(sender.refusals.grpc).toBeGreaterThan(0);
  expect(peakRssBytes).toBeLessThan(RSS_BYTES_MAX);
  expect(peakRssBytes - before.peakRssBytes).toBeLessThan(GROWTH_BYTES_MAX);
}

const toMegabytes = (bytes: number): number => Math.round(bytes / 1e6);

const once = (ids: readonly string[]): Map<string, number> => new Map(ids.map((id) => [id, 1]));

/** A file system of a few megabytes; undefined when this process may not mount one. */
async function smallDisk(sizeBytes: number): Promise<string | undefined> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "lensai-small-disk-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  try {
    const options = ["-t", "tmpfs", "-o", `size=${sizeBytes}`, "tmpfs", folder];
    execFileSync("mount", options, { stdio: "ignore" });
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync("umount", ["--lazy", folder], { stdio: "ignore" }));
  return folder;
}

test(
  "with a full disk requests get 503, memory stays bounded, and accepting resumes when there is room",
  async ({ annotate, skip }) => {
    const disk = await smallDisk(32 * MIB);
    if (disk === undefined)
      return skip("only root may mount a small tmpfs; landing-faults.test.ts injects a full disk");
    const dataDir = path.join(disk, "data");
    const ballast = path.join(disk, "ballast");
    await writeFile(ballast, Buffer.alloc(22 * MIB));
    const child = await start({ LENSAI_DATA_DIR: dataDir });
    const sender = new Sender(child);
    await sender.untilRefused(100_000);
    await expectBounded({ child, sender }, annotate);
    const { status, problems } = await readiness(child);
    expect([status, problems]).toEqual([503, expect.stringContaining("ENOSPC")]);
    await rm(ballast);
    await sender.untilAccepted();
    await child.landed();
    expect(await readiness(child)).toEqual({ status: 200, problems: "" });
    expect(await child.end("SIGTERM")).toBe(0);
    expect(await countSpanIds(path.join(dataDir, "lake"))).toEqual(once(sender.acknowledged));
    await annotate(sender.summary);
  },
  TEST_TIMEOUT_MS,
);

test(
  "with an object store that hangs requests are accepted up to the bound, then get 503, and land when it answers",
  async ({ annotate }) => {
    const folder = await testFolder();
    const s3 = await startS3Fake();
    onTestFinished(() => s3.close());
    const proxy = await startProxy(new URL(s3.endpoint));
    onTestFinished(() => proxy.close());
    const walBytesMax = 16 * MIB;
    const child = await start({
      LENSAI_DATA_DIR: path.join(folder, "data"),
      LENSAI_LAKE_URL: `s3://${s3.bucket}/lake`,
      LENSAI_S3_ENDPOINT: proxy.endpoint,
      AWS_ACCESS_KEY_ID: FAKE_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: FAKE_CREDENTIALS.secretAccessKey,
      LENSAI_WAL_BYTES_MAX: String(walBytesMax),
    });
    const sender = new Sender(child);
    expect(await sender.post()).toBe(true);
    await child.landed();
    proxy.stall();
    // A single refusal may only mean that the next segment was not ready for a moment.
    await expect
      .poll(
        async () => {
          await sender.untilRefused(100_000);
          return (await readiness(child)).status;
        },
        { timeout: TEST_TIMEOUT_MS },
      )
      .toBe(503);
    // Segments are sealed by age too: on a busy machine the bound is reached with less in each of them.
    expect(sender.acknowledgedBytes).toBeGreaterThan(walBytesMax / 16);
    await expectBounded({ child, sender }, annotate);
    const { status, problems } = await readiness(child);
    expect([status, problems]).toEqual([503, expect.stringContaining("LENSAI_WAL_BYTES_MAX")]);
    proxy.release();
    await sender.untilAccepted();
    await child.landed();
    expect(await readiness(child)).toEqual({ status: 200, problems: "" });
    expect(await child.end("SIGTERM")).toBe(0);
    const lake = path.join(folder, "lake");
    for (const [key, { body }] of s3.objects) {
      const file = path.join(folder, key);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, body);
    }
    expect(await countSpanIds(lake)).toEqual(once(sender.acknowledged));
    await annotate(sender.summary);
  },
  TEST_TIMEOUT_MS,
);
