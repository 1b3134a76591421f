import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { appendRows } from "../../src/lake/append.ts";
import { keyPairOf } from "@lensai/otel-config/signing/ed25519";
import { sealLake } from "../../src/seals/seal-lake.ts";
import { openLake } from "../../src/lake/open-lake.ts";
import { openStore } from "../../src/object-store/open-store.ts";
import { DAY_MS, batchOf, spanRow } from "../support/span-rows.ts";
import { NOW, useCli } from "./cli.ts";

const cli = useCli();

const key = keyPairOf(new Uint8Array(32).fill(1));

let files: string[];
let manifestFolder: string;
beforeEach(async () => {
  const folder = join(cli.folder, "data", "lake");
  const store = await openStore(folder);
  const lake = openLake({ store, region: "local" });
  for (let landing = 0; landing < 3; landing += 1) {
    const options = { name: `c-${landing}`, landedAt: new Date(DAY_MS) };
    await appendRows(lake, batchOf([spanRow(landing)]), options);
  }
  await store.close();
  manifestFolder = join(folder, "manifest");
  const names = await readdir(folder, { recursive: true });
  files = names.filter((name) => name.endsWith(".parquet")).map((name) => join(folder, name));
});

it("says what is intact, and what that does not prove", async () => {
  const report = await cli.run("verify", "lake");
  expect(report).toMatch(/^intact: 3 files with 3 records, \d+ bytes\n/);
  expect(report).toContain("not proven: that nobody has changed a file together with its commit");
});

it("names a file whose bytes are others, one of another length, and one that is gone", async () => {
  const [changed = "", longer = "", gone = ""] = files;
  const bytes = await readFile(changed);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
  await writeFile(changed, bytes);
  await writeFile(longer, Buffer.concat([await readFile(longer), Buffer.from("x")]));
  await rm(gone);
  const failure = await cli.run("verify", "lake").catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "lake.file_corrupt" });
  const { message } = failure as Error;
  expect(message).toContain("3 of 3 files are not what was committed");
  expect(message).toMatch(/has other bytes than were committed: its SHA-256 is [0-9a-f]{64}/);
  expect(message).toMatch(/has \d+ bytes, its commit says \d+/);
  expect(message).toContain("is missing");
});

it("passes over what compaction has replaced", async () => {
  await cli.run("compact");
  expect(await cli.run("verify", "lake")).toMatch(/^intact: /);
});

async function seal(): Promise<void> {
  const store = await openStore(join(cli.folder, "data", "lake"));
  await sealLake({ lake: openLake({ store, region: "local" }), key, now: NOW });
  await store.close();
}

describe("a sealed lake", () => {
  it("is compared with its seal, and the seal with one that was kept", async () => {
    await seal();
    const report = await cli.run("verify", "lake");
    expect(report).toContain(
      "sealed: what counted at 2026-11-20T08:00:00.000Z, 3 files with 3 records; 0 files came since",
    );
    expect(report).toContain(`signed by ${key.keyId}`);
    expect(report).toContain("not proven: whose key it is");
    const [, kept = ""] = /^keep (1:[0-9a-f]{64}) /m.exec(report) ?? [];
    const again = await cli.run("verify", "lake", "--since", kept, "--key", key.keyId);
    expect(again).toContain("seals 1 to 1 follow one another");
    expect(again).not.toContain("not proven");
  });

  it("is not intact when a file was changed together with its commit", async () => {
    await seal();
    const names = await readdir(manifestFolder, { recursive: true });
    const path = join(manifestFolder, names.find((name) => name.endsWith("c-1.json")) ?? "");
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace(/"sha256": "[0-9a-f]{8}/, '"sha256": "01234567'));
    await expect(cli.run("verify", "lake")).rejects.toMatchObject({ code: "lake.not_as_sealed" });
  });

  it("is not asked for with a key or a seal that is none", async () => {
    await expect(cli.run("verify", "lake", "--key", "me")).rejects.toThrow("is not a public key");
    await expect(cli.run("verify", "lake", "--since", "1")).rejects.toThrow("<number>:<sha256>");
  });
});
