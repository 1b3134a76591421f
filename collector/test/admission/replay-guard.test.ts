import { mkdir, readdir, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import type { LensError } from "@lensai/otel-config/errors";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NonceWindow, nonceOf } from "../../src/admission/nonce-window.ts";
import type { NonceVerdict } from "../../src/admission/nonce-window.ts";
import { ReplayGuard } from "../../src/admission/replay-guard.ts";
import type { RequestSignature } from "../../src/admission/request-signature.ts";
import { nodeDisk } from "../../src/landing/disk.ts";
import { faultyDisk } from "../landing/faulty-disk.ts";
import type { DiskFaults } from "../landing/faulty-disk.ts";
import { testFolder } from "../landing/test-folder.ts";

const NOW_SECONDS = 1_790_000_000;
/** How old and how far ahead a signature may be. */
const WINDOW_SECONDS = 300;

const signature = (nonce: string | number, more: Partial<RequestSignature> = {}) => ({
  keyId: "sig_1",
  nonce: `nonce-${nonce}`,
  created: NOW_SECONDS,
  bodySha256: new Uint8Array(32),
  ...more,
});

const take = (window: NonceWindow, taken: RequestSignature): NonceVerdict =>
  window.take(taken.keyId, nonceOf(taken));

describe("the window of nonces", () => {
  test("takes no signature twice while it is valid, whatever the order of things", () => {
    const step = fc.record({
      nonce: fc.nat(5),
      keyId: fc.constantFrom("a", "b"),
      ageSeconds: fc.integer({ min: -WINDOW_SECONDS, max: WINDOW_SECONDS }),
      passedSeconds: fc.integer({ min: -50, max: 200 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const window = new NonceWindow();
        const taken = new Map<string, number>();
        let now = NOW_SECONDS;
        for (const { nonce, keyId, ageSeconds, passedSeconds } of steps) {
          now += passedSeconds;
          window.forgetBefore(now);
          const created = now - ageSeconds;
          const name = `${keyId}/${nonce}`;
          const verdict = take(window, signature(nonce, { keyId, created }));
          const before = taken.get(name);
          const isReplay = before !== undefined && before >= now - WINDOW_SECONDS;
          expect(isReplay && verdict === "new").toBe(false);
          if (verdict === "new") taken.set(name, created);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("forgets what is stale, and keeps the rest", () => {
    const window = new NonceWindow();
    for (let second = 0; second < 2000; second += 1) {
      const created = NOW_SECONDS + second;
      window.forgetBefore(created);
      expect(take(window, signature(second, { created }))).toBe("new");
    }
    expect(window.size).toBeLessThanOrEqual(WINDOW_SECONDS + 100);
    const oldest = NOW_SECONDS + 1999 - WINDOW_SECONDS;
    expect(take(window, signature(1999 - WINDOW_SECONDS, { created: oldest }))).toBe("replayed");
  });

  test("what it has forgotten it refuses, when the clock is set back", () => {
    const window = new NonceWindow();
    take(window, signature(1));
    window.forgetBefore(NOW_SECONDS + 1000);
    window.forgetBefore(NOW_SECONDS);
    expect(take(window, signature(1))).toBe("forgotten");
    expect(take(window, signature(2))).toBe("forgotten");
  });

  test("is bounded, and one secret cannot use up what others need", () => {
    const window = new NonceWindow();
    const words = new Uint32Array(4);
    const fingerprint = new Uint8Array(words.buffer);
    const [slice] = [nonceOf(signature(0)).slice];
    const fill = (keyId: string): number => {
      for (let count = 0; ; count += 1) {
        words[0] = (words[0] as number) + 0x9e37_79b1;
        words[1] = (words[1] as number) + 1;
        if (window.take(keyId, { slice, fingerprint }) === "full") return count;
      }
    };
    expect(["a", "b", "c", "d", "e"].map((keyId) => fill(keyId))).toEqual([
      ...Array.from({ length: 4 }, () => 2 ** 18),
      0,
    ]);
    expect(window.size).toBe(2 ** 20);
  });
});

async function startGuard(dataDir: string, disk = nodeDisk): Promise<ReplayGuard> {
  const guard = new ReplayGuard({ disk, dataDir, nowMs: () => NOW_SECONDS * 1000 });
  await guard.start();
  return guard;
}

const codeOf = (work: Promise<void>): Promise<string | undefined> =>
  work.then(
    () => undefined,
    (error: LensError) => error.code,
  );

describe("after a restart", () => {
  test("a process that was killed refuses what it had taken", async () => {
    const dataDir = await testFolder();
    const killed = await startGuard(dataDir);
    await Promise.all([1, 2, 3].map((nonce) => killed.takeOnce(signature(nonce))));
    await killed.takeOnce(signature(4, { created: NOW_SECONDS - 200 }));
    // Never stopped: what counts must be in the files already.
    const next = await startGuard(dataDir);
    for (const taken of [signature(1), signature(3), signature(4, { created: NOW_SECONDS - 200 })])
      expect(await codeOf(next.takeOnce(taken))).toBe("auth.signature_replayed");
    expect(await codeOf(next.takeOnce(signature(5)))).toBeUndefined();
    const third = await startGuard(dataDir);
    expect(await codeOf(third.takeOnce(signature(5)))).toBe("auth.signature_replayed");
  });

  test("half a fingerprint at the end of a file harms nothing", async () => {
    const dataDir = await testFolder();
    const first = await startGuard(dataDir);
    await first.takeOnce(signature(1));
    await first.takeOnce(signature(2));
    await first.stop();
    const [name] = await readdir(path.join(dataDir, "nonces"));
    await truncate(path.join(dataDir, "nonces", String(name)), 25);
    const second = await startGuard(dataDir);
    expect(await codeOf(second.takeOnce(signature(1)))).toBe("auth.signature_replayed");
    await second.takeOnce(signature(3));
    const third = await startGuard(dataDir);
    expect(await codeOf(third.takeOnce(signature(3)))).toBe("auth.signature_replayed");
  });

  test("files that no signature needs any longer go, others are left alone", async () => {
    const dataDir = await testFolder();
    const folder = path.join(dataDir, "nonces");
    await mkdir(folder);
    await writeFile(path.join(folder, "7.nonces"), Buffer.alloc(16, 1));
    await writeFile(path.join(folder, "readme.txt"), "not ours");
    await startGuard(dataDir);
    expect(await readdir(folder)).toEqual(["readme.txt"]);
  });

  test("who signs nothing leaves no folder", async () => {
    const dataDir = await testFolder();
    await (await startGuard(dataDir)).stop();
    expect(await readdir(dataDir)).toEqual([]);
  });
});

describe("while the disk refuses", () => {
  test("nothing is taken that a restart would take again, and it recovers", async () => {
    const dataDir = await testFolder();
    const faults: DiskFaults = { write: { code: "ENOSPC", bytesBefore: 7 } };
    const guard = await startGuard(dataDir, faultyDisk(faults));
    expect(await codeOf(guard.takeOnce(signature(1)))).toBe("ingest.storage_behind");
    faults.write = undefined;
    faults.shortWriteBytes = 5;
    expect(await codeOf(guard.takeOnce(signature(2)))).toBeUndefined();
    const next = await startGuard(dataDir);
    expect(await codeOf(next.takeOnce(signature(2)))).toBe("auth.signature_replayed");
  });
});
